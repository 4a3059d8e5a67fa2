import { whatGrew } from '#server/detect/index.ts';
import { formatCount, formatPercent, formatSigned, plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import type { FdFinding, FdGroup, FdGrowth, FdLook, NodeFds } from '#shared/xray.ts';

/** From here on half-closed and orphaned sockets are worth a red word; fewer are in passing on every busy proxy. */
const MANY = 20;
const NEAR_LIMIT = 0.8;

/** What the fds say, in words: each with its number, what it means and no guess beyond that. The most pressing first. */
export function findingsOf(look: FdLook, comparison: NodeFds['comparison']): FdFinding[] {
  const found = [
    nearLimit(look),
    comparison ? growth(look, comparison) : null,
    closeWait(look, comparison),
    orphans(look, comparison),
    finWait(look),
    flows(look, comparison),
    deleted(look),
  ];
  const rank = { danger: 0, warn: 1, neutral: 2 };
  return found.filter((finding) => finding !== null).sort((a, b) => rank[a.tone] - rank[b.tone]);
}

const countOf = (groups: FdGroup[], is: (group: FdGroup) => boolean): number =>
  groups.filter(is).reduce((sum, { count }) => sum + count, 0);

/** " 320 of them were open 30 min before." In whatever state: a socket keeps its number when its peer closes. */
function stayedWords(comparison: NodeFds['comparison'], is: (row: FdGrowth) => boolean): string {
  const rows = comparison?.kinds.filter((row) => is(row) && row.now > 0) ?? [];
  if (!comparison || rows.length === 0 || rows.some(({ stayed }) => stayed === null)) return '';
  const stayed = rows.reduce((sum, row) => sum + (row.stayed ?? 0), 0);
  return ` ${stayed === 0 ? 'None' : formatCount(stayed)} of them ${stayed === 1 ? 'was' : 'were'} open ${formatDuration(comparison.seconds)} before.`;
}

function closeWait(look: FdLook, comparison: NodeFds['comparison']): FdFinding | null {
  const is = ({ state }: { state: string | null }) => state === 'CLOSE_WAIT';
  const fds = countOf(look.groups, is);
  if (fds === 0) return null;
  const clients = countOf(look.groups, (group) => is(group) && group.kind === 'client');
  const sides =
    clients === fds
      ? 'all of them clients that have gone'
      : clients === 0
        ? 'all of them upstreams that have closed'
        : `${formatCount(clients)} clients and ${plural(fds - clients, 'upstream')}`;
  return {
    ...{ key: 'close-wait', fds, tone: fds >= MANY ? 'danger' : 'neutral' },
    title: `${plural(fds, 'socket')} in CLOSE_WAIT`,
    sentence: `The peer closed, this process did not: ${sides}.${stayedWords(comparison, is)} Only the process can free them.`,
  };
}

function orphans(look: FdLook, comparison: NodeFds['comparison']): FdFinding | null {
  const is = ({ kind }: { kind: string }) => kind === 'orphan';
  const fds = countOf(look.groups, is);
  if (fds === 0) return null;
  return {
    ...{ key: 'orphan', fds, tone: fds >= MANY ? 'danger' : 'neutral' },
    title: `${plural(fds, 'orphan socket')}`,
    sentence: `The process holds the fd, but no table of the kernel has the socket: both ends have closed it, it was reset, or it was never connected.${stayedWords(comparison, is)}`,
  };
}

function finWait(look: FdLook): FdFinding | null {
  const is = ({ state }: FdGroup) => state === 'FIN_WAIT2' || state === 'FIN_WAIT1';
  const fds = countOf(look.groups, is);
  if (fds < MANY) return null;
  return {
    ...{ key: 'fin-wait', fds, tone: 'warn' },
    title: `${plural(fds, 'socket')} in FIN_WAIT`,
    sentence: 'This process has closed its side of them and waits for the peer to close the other.',
  };
}

function flows(look: FdLook, comparison: NodeFds['comparison']): FdFinding | null {
  const is = ({ kind }: { kind: string }) => kind === 'udp';
  const fds = countOf(look.groups, is);
  if (fds < MANY) return null;
  const grew = comparison?.kinds.filter(is).reduce((sum, row) => sum + row.grew, 0) ?? 0;
  return {
    ...{ key: 'udp', fds, tone: comparison?.sameProcess && grew >= MANY ? 'warn' : 'neutral' },
    title: `${plural(fds, 'UDP socket')}`,
    sentence: `A flow of UDP (HTTP/3) holds one socket until it is idle for its time: nothing of it closes.${stayedWords(comparison, is)}`,
  };
}

function deleted(look: FdLook): FdFinding | null {
  const fds = countOf(
    look.groups,
    ({ kind, state, peer }) => kind === 'file' && state === 'deleted' && !/^\/(memfd:|dev\/)/.test(peer ?? ''),
  );
  if (fds === 0) return null;
  return {
    ...{ key: 'deleted', fds, tone: fds >= MANY ? 'warn' : 'neutral' },
    title: `${plural(fds, 'deleted file')} held open`,
    sentence: 'Their space on disk is free only when the process closes them.',
  };
}

function nearLimit(look: FdLook): FdFinding | null {
  if (look.fdLimit === null || look.openFds < look.fdLimit * NEAR_LIMIT) return null;
  return {
    ...{ key: 'near-limit', fds: look.openFds, tone: 'danger' },
    title: `${formatPercent(look.openFds, look.fdLimit)} of the limit`,
    sentence: `${plural(look.openFds, 'fd')} of ${formatCount(look.fdLimit)}: ${formatCount(Math.max(0, look.fdLimit - look.openFds))} left.`,
  };
}

/** Who grew, in one sentence. Two looks tell what is more now, not that it stays so: the verdict on a leak is made of more samples. */
function growth(look: FdLook, comparison: NonNullable<NodeFds['comparison']>): FdFinding | null {
  const { grew, sameProcess, seconds, since } = comparison;
  const span = formatDuration(seconds);
  if (!sameProcess)
    return {
      ...{ key: 'restarted', fds: grew, tone: 'neutral' },
      title: 'Another process than at the look before',
      sentence: `pid ${since.pid} was replaced by pid ${look.pid} in the ${span} between: what it held went with it. Look again to see what this one gains.`,
    };
  const grown = whatGrew(comparison);
  if (grown === null)
    return {
      ...{ key: 'calm', fds: grew, tone: 'neutral' },
      title: `${grew === 0 ? 'No more' : formatSigned(grew)} fds in ${span}`,
      sentence: `${formatCount(since.openFds)} then, ${formatCount(look.openFds)} now: that is within what connections come and go by.`,
    };
  return {
    ...{ key: 'grew', fds: grew, tone: 'warn' },
    title: `${formatSigned(grew)} fds in ${span}`,
    sentence: `What came: ${grown.kinds}.${grown.by}`,
  };
}
