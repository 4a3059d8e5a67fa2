import { type Alarm, emfileAlarm, leakAlarm } from '#server/detect/index.ts';
import type { RuleKey, RuleNumbers } from '#shared/incident-rules.ts';
import type { Band } from '#shared/time.ts';
import { formatCount, formatFigure, formatPercent, plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import type { NodeView } from './view.ts';

export type Reading = Alarm & { words: string };

const unknown: Reading = { is: 'unknown', value: null, words: '' };
const good = (value: number | null): Reading => ({ is: 'good', value, words: '' });

/** What one rule makes of one moment, without memory. */
export function readRule(rule: RuleKey, numbers: RuleNumbers, view: NodeView): Reading {
  return READERS[rule](view, numbers);
}

const above = (value: number, { threshold, clear }: RuleNumbers, words: () => string): Reading => {
  if (value >= threshold) return { is: 'bad', value, words: words() };
  return value <= clear ? good(value) : { is: 'between', value, words: '' };
};

const READERS: Record<RuleKey, (view: NodeView, numbers: RuleNumbers) => Reading> = {
  leaking({ sample, leak, timeToEmfileSeconds: band }, numbers) {
    if (sample === null) return unknown;
    const alarm = leakAlarm(leak, band, numbers);
    return { ...alarm, words: alarm.is === 'bad' ? leakWords(leak) : '' };
  },

  'time-to-emfile'({ sample, leak, timeToEmfileSeconds: band }, numbers) {
    if (sample === null) return unknown;
    const alarm = emfileAlarm(leak, band, numbers);
    return { ...alarm, words: alarm.is === 'bad' && band !== null ? limitWords(band) : '' };
  },

  'fds-high'({ sample }, numbers) {
    if (sample?.openFds == null || sample.fdLimit === null || sample.fdLimit <= 0) return unknown;
    const { openFds, fdLimit } = sample;
    return above(
      (100 * openFds) / fdLimit,
      numbers,
      () => `has ${formatPercent(openFds, fdLimit)} of its limit open: ${formatCount(openFds)} of ${formatCount(fdLimit)} fds`,
    );
  },

  'pool-gauge'(view, numbers) {
    const off = gaugeOff(view);
    if (off === null) return unknown;
    return above(off.by, numbers, () => off.words);
  },

  'close-wait'({ sockets }, numbers) {
    if (sockets === null) return unknown;
    const grew = sockets.closeWait - sockets.least;
    return above(
      grew,
      numbers,
      () =>
        `keeps ${plural(sockets.closeWait, 'socket')} in CLOSE_WAIT, ${formatCount(grew)} more than at its fewest in the last half hour`,
    );
  },

  'emfile-journal'({ journal }, numbers) {
    if (journal === null) return unknown;
    return above(
      journal.lines,
      numbers,
      () => `said "too many open files" ${journal.lines === 1 ? 'once' : `${formatCount(journal.lines)} times`} in the last 10 min`,
    );
  },

  'scrape-blind': ({ state, stateReason }) =>
    stateIs(state, 'scrape-blind', ['down', 'unknown'], stateReason ?? 'SSH answers, the metrics page does not'),
  'node-down': ({ state, stateReason }) => stateIs(state, 'down', ['unknown'], stateReason ?? 'neither metrics nor SSH answer'),
  'config-drift': ({ drift, changing, state }) => {
    if (drift) return { is: 'bad', value: null, words: 'has a config.yaml that is not what was last agreed' };
    return changing || state === 'down' || state === 'unknown' ? unknown : good(null);
  },
  'host-key-changed': ({ hostKeyBlocked }) =>
    hostKeyBlocked ? { is: 'bad', value: null, words: 'offers another host key than the approved one and is blocked' } : good(null),

  'run-stuck'({ stuckRun }, { threshold }) {
    if (stuckRun === null || stuckRun.minutes < threshold) return good(stuckRun?.minutes ?? null);
    return {
      is: 'bad',
      value: stuckRun.minutes,
      words: `is held by a run that has not moved for ${formatDuration(stuckRun.minutes * 60)}: ${stuckRun.doing}`,
    };
  },

  'bought-time'({ boughtMinutesLeft: left, leak }, { threshold, clear }) {
    if (left === null || leak.verdict === 'not-leaking') return good(left);
    const words = left <= 0 ? 'has used up the time that was bought' : `has ${formatDuration(left * 60)} left of the time that was bought`;
    if (left <= threshold) return { is: 'bad', value: left, words };
    return left > clear ? good(left) : { is: 'between', value: left, words: '' };
  },
};

function limitWords({ low, mid, high }: Band): string {
  const far = high === null ? 'no end known' : formatDuration(high);
  return `reaches its limit in ${formatDuration(mid)} (${formatDuration(low)} to ${far})`;
}

function stateIs(state: string, wanted: string, silent: readonly string[], words: string): Reading {
  if (state === wanted) return { is: 'bad', value: null, words: words.replace(/[.]$/, '') };
  return silent.includes(state) ? unknown : good(null);
}

/** Sockets that the pool says it holds, against what the process can have; the larger of the two contradictions. */
function gaugeOff({ sample, sockets }: NodeView): { by: number; words: string } | null {
  if (sample?.poolActive == null || sample.poolIdle === null || sample.openFds === null) return null;
  const claimed = sample.poolActive + sample.poolIdle;
  const possible = sample.openFds - (sample.baselineFds ?? 0);
  const byFds = {
    by: Math.max(0, claimed - possible),
    words: `counts ${formatCount(claimed)} pooled sockets and has ${formatCount(possible)} fds for them`,
  };
  const bySockets =
    sockets?.claimed == null
      ? null
      : {
          by: Math.max(0, sockets.claimed - sockets.established - sockets.closeWait),
          words: `counts ${formatCount(sockets.claimed)} pooled sockets, and ss shows ${formatCount(sockets.established)} established`,
        };
  return bySockets !== null && bySockets.by > byFds.by ? bySockets : byFds;
}

function leakWords({ perMinute, per1000Connections }: NodeView['leak']): string {
  if (perMinute === null) return 'leaks';
  const { low, mid, high } = perMinute;
  const load = per1000Connections === null ? '' : `, ${formatFigure(per1000Connections.mid)} per 1,000 connections`;
  return `leaks ${formatFigure(mid)} fds/min (${formatFigure(low)} to ${formatFigure(high)})${load}`;
}
