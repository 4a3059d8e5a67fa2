import { formatPercent, formatSigned } from '#shared/units/count.ts';
import type { FdGroup, FdGrowth, NodeFds } from '#shared/xray.ts';

type Comparison = NonNullable<NodeFds['comparison']>;

/** Between two looks, fewer more than both is what connections come and go by. */
const GREW_FDS = 20;
const GREW_SHARE = 0.01;
/** a kind with less of the growth is not named, and no more than this many are */
const PART = 0.1;
const MOST_PARTS = 3;

const KIND_WORDS: Record<FdGroup['kind'], string> = {
  ...{ listener: 'listeners', client: 'client sockets', upstream: 'upstream sockets', udp: 'UDP sockets', orphan: 'orphan sockets' },
  ...{ unix: 'unix sockets', socket: 'other sockets', pipe: 'pipes', anon: 'anonymous inodes', file: 'files' },
  ...{ closed: 'fds closed during the look', other: 'other fds' },
};

/**
 * What grew between two looks at one process, and by whom: "client sockets in CLOSE_WAIT +320 (94 %). The most by one peer: ...". Null where nothing
 * did, or another process was looked at. Two looks tell what is more now; that it goes on is for the verdict to say.
 */
export function whatGrew(comparison: Comparison): { kinds: string; by: string } | null {
  const { grew, sameProcess, since } = comparison;
  const added = comparison.kinds.filter((row) => row.grew > 0);
  const [most] = added;
  if (!sameProcess || !most || grew < Math.max(GREW_FDS, since.openFds * GREW_SHARE)) return null;
  const sum = added.reduce((total, row) => total + row.grew, 0);
  const mostly = added.filter((row) => row.grew >= sum * PART).slice(0, MOST_PARTS);
  const parts = (mostly.length > 0 ? mostly : [most]).map(
    (row) => `${kindOf(row)} ${formatSigned(row.grew)} (${formatPercent(row.grew, sum)})`,
  );
  const peer = comparison.groups.find((row) => row.grew > 0 && !row.others && row.peer !== null);
  return { kinds: parts.join(', '), by: peer ? ` The most by one peer: ${byPeer(peer)}.` : '' };
}

const kindOf = ({ kind, state }: FdGrowth): string => `${KIND_WORDS[kind]}${state ? ` in ${state}` : ''}`;

function byPeer(row: FdGrowth): string {
  const place = [row.local, row.peer].filter((part) => part !== null).join(' from ');
  const name = row.name ? ` (${row.name})` : '';
  return `${formatSigned(row.grew)}, ${KIND_WORDS[row.kind]} ${row.kind === 'client' ? 'on' : 'to'} ${place}${name}`;
}
