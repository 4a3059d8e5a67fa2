import type { Sample } from '#shared/metrics.ts';
import { type Bins, binWindow } from './bins.ts';
import { FDS_PER_EVENT } from './evidence.ts';
import { growthOf } from './growth.ts';
import { firstAt, type Life } from './lives.ts';
import type { JudgedWindow } from './window.ts';

/** The leak paused at low load when the least loaded times brought less than this share of what they would have at the usual rate per connection ... */
const PAUSE_SHARE = 0.35;
/** ... and that would have been this many fds at least, in this many bins at most of all. */
const PAUSE_FDS = 12;
/** ... and their absence more than this many sigmas of what single events leave to chance. */
const CHANCES = 3;
const PAUSE_BINS = 1 / 2;
/** A leak that never paused is expected down to this share of the lowest loads it was seen at, fewer would be guesswork. */
const REACH = 1;
/** Where the load was even, within this factor, nothing was seen of a dependence on it, and a load somewhat below counts as the same. */
const EVEN = 1.35;
const EVEN_REACH = 0.8;
/** A leak that pauses at low load is expected only where all but this share of it was seen, and a little above. */
const PAUSED_BELOW = 0.1;
const PAUSED_MARGIN = 1.1;
/** A load is one that leaks once this many fds came at lower ones, beside what ever fell. */
const LEAKED_BELOW = 16;
/** The old life counts as looked at for as long once it had carried this share of the new one's connections. */
const SIMILAR_LOAD = 0.8;

/** Accepts are counted over at least this many for a load: fewer would compare chance (± 7 % at 200). */
const COUNTED = 200;
/** A load counts as comparable when chance alone may have put it below, in standard deviations of its count. */
const CHANCE = 2;

/** Accepted per minute around each bin, over as many bins as it takes to count enough, plus `sigmas` of what chance leaves open in that count. */
function steadyRate({ n, minutes, accepted, rate }: Bins, sigmas: number): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    let [a, b] = [Math.max(0, i - 1), i];
    while ((a > 0 || b < n - 1) && (accepted[b] ?? 0) - (accepted[a] ?? 0) < COUNTED) {
      a = Math.max(0, a - 1);
      b = Math.min(n - 1, b + 1);
    }
    const over = (minutes[b] ?? 0) - (minutes[a] ?? 0);
    const counted = (accepted[b] ?? 0) - (accepted[a] ?? 0);
    const value = b - a <= 1 || over <= 0 ? (rate[i] ?? 0) : counted / over;
    out[i] = value * (1 + sigmas / Math.sqrt(Math.max(1, counted)));
  }
  return out;
}

/**
 * The accept rate (per minute) from which on the old process leaked: a quiet night after a restart proves nothing about a leak that came by day.
 * `values` are the fds beyond traffic of `bins`. 0 where nothing speaks for a dependence on load.
 */
export function leakyLoad(bins: Bins, values: Float64Array): number {
  const { load, reach } = leakySeen(bins, values, LEAKED_BELOW + growthOf(values, bins.n).drop);
  return reach * load;
}

/**
 * All but a tenth of the leak, or `atMost` fds of it, came at accept rates (per minute) of `load` and more; `paused`: below it there was load that
 * would have shown it.
 */
export type LeakySeen = { load: number; reach: number; paused: boolean };

export function leakySeen(bins: Bins, values: Float64Array, atMost = Number.POSITIVE_INFINITY): LeakySeen {
  const { n, accepted } = bins;
  const nothing: LeakySeen = { load: 0, reach: 0, paused: false };
  const rate = steadyRate(bins, 0);
  if (n < 12 || (accepted[n - 1] ?? 0) <= 0) return nothing;
  const steps: Step[] = [];
  for (let i = 1; i < n; i += 1) {
    const growth = (values[i] ?? 0) - (values[i - 1] ?? 0);
    steps.push({ rate: ((rate[i] ?? 0) + (rate[i - 1] ?? 0)) / 2, growth, accepted: (accepted[i] ?? 0) - (accepted[i - 1] ?? 0) });
  }
  steps.sort((a, b) => a.rate - b.rate);
  const all = sumOf(steps);
  if (all.growth <= 0) return nothing;
  const usual = all.growth / all.accepted;
  const enough = Math.min(PAUSED_BELOW * all.growth, atMost);
  let seen = 0;
  let i = 0;
  while (i < steps.length - 1 && seen + (steps[i]?.growth ?? 0) < enough) {
    seen += steps[i]?.growth ?? 0;
    i += 1;
  }
  const even = (steps[Math.floor(0.9 * steps.length)]?.rate ?? 0) <= EVEN * (steps[Math.floor(0.1 * steps.length)]?.rate ?? 0);
  const paused = pausesAtLowLoad(steps, usual);
  return { load: steps[i]?.rate ?? 0, reach: paused ? PAUSED_MARGIN : even ? EVEN_REACH : REACH, paused };
}

type Step = { rate: number; growth: number; accepted: number };

/** `steps` are ordered by load. */
function pausesAtLowLoad(steps: readonly Step[], perConnection: number): boolean {
  let growth = 0;
  let expected = 0;
  for (let i = 0; i < steps.length * PAUSE_BINS; i += 1) {
    growth += steps[i]?.growth ?? 0;
    expected += (steps[i]?.accepted ?? 0) * perConnection;
    const chance = CHANCES * Math.sqrt(FDS_PER_EVENT * expected);
    if (i >= 1 && expected >= PAUSE_FDS && growth < PAUSE_SHARE * expected && expected - growth > chance) return true;
  }
  return false;
}

function sumOf(steps: readonly Step[]): { growth: number; accepted: number } {
  let growth = 0;
  let accepted = 0;
  for (const step of steps) {
    growth += step.growth;
    accepted += step.accepted;
  }
  return { growth, accepted };
}

/**
 * fds that the old leak would have leaked in `bins`, the new life, while the load was at least `floor` (accepted per minute): by the
 * old slope (`low`: at the slow end of its interval), per minute and per connection at such a load, whichever is less.
 */
export function expectedLeak(old: JudgedWindow, bins: Bins, floor: number, sureBy: 'low' | 'mid'): number {
  if (old.beyond === null) return 0;
  // a line through a leak that pauses may end above what was leaked
  const leaked = Math.min(old.beyond[sureBy] * old.minutes, wholeRise(old.bins));
  const at = spentAt(old.bins, floor / PAUSED_MARGIN, 0);
  const now = spentAt(bins, floor, CHANCE);
  if (at.accepted <= 0 || bins.accepted[bins.n - 1] === 0) return Math.max(0, leaked * (bins.span / old.minutes));
  return Math.max(0, Math.min(leaked * (now.minutes / at.minutes), leaked * (now.accepted / at.accepted)));
}

/** The middles of the outer bins lie a bin inside the window at either end. */
const wholeRise = ({ beyond, n }: Bins): number => (growthOf(beyond, n).rise * n) / Math.max(2, n - 2);

/** Minutes and connections at loads of `floor` accepted per minute and more. */
function spentAt(bins: Bins, floor: number, sigmas: number): { minutes: number; accepted: number } {
  const rate = steadyRate(bins, sigmas);
  const spent = { minutes: 0, accepted: 0 };
  for (let i = 0; i < bins.n; i += 1) {
    if ((rate[i] ?? 0) < floor) continue;
    spent.minutes += (bins.minutes[i] ?? 0) - (bins.minutes[i - 1] ?? 0);
    spent.accepted += (bins.accepted[i] ?? 0) - (bins.accepted[i - 1] ?? 0);
  }
  return spent;
}

/** What the old process had leaked by the same age, the connections that it had carried by then, and its rows `[from, to)`. */
export type SameAge = { leaked: number; accepted: number; minutes: number; from: number; to: number };

/**
 * The old life at the ages that the new one has lived through (`fromAge` to `age`, seconds), and on until it had carried a like number of
 * connections: some leaks begin only a while after a start. Null where the beginning of that life is not stored.
 */
export function leakedBySameAge(
  samples: readonly Sample[],
  life: Life,
  span: { fromAge: number; age: number; accepted: number },
): SameAge | null {
  const first = samples[life.from];
  if (!first || life.processStart === null) return null;
  const missed = (first.at - life.processStart) / 1000;
  if (missed > Math.max(20, 0.1 * span.age)) return null;
  const from = firstAt(samples, life.processStart + span.fromAge * 1000, life.from, life.to);
  let to = firstAt(samples, life.processStart + span.age * 1000, life.from, life.to);
  const counted = samples[from]?.acceptedTotal ?? null;
  const enough = SIMILAR_LOAD * span.accepted;
  while (to < life.to && counted !== null && (samples[to]?.acceptedTotal ?? Number.POSITIVE_INFINITY) - counted < enough) to += 1;
  const bins = binWindow(samples, from, to);
  if (bins.n < 4 || bins.span * 60 < Math.min(0.5 * span.age, (0.9 * ((samples[life.to - 1]?.at ?? 0) - first.at)) / 1000)) return null;
  return { leaked: wholeRise(bins), accepted: bins.accepted[bins.n - 1] ?? 0, minutes: bins.span, from, to };
}
