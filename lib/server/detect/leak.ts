import type { Sample } from '#shared/metrics.ts';
import type { Leak, LeakVerdict } from '#shared/nodes.ts';
import type { Band, Interval } from '#shared/time.ts';
import { type Bins, binWindow } from './bins.ts';
import { driftOf } from './drift.ts';
import { timeToEmfile } from './emfile.ts';
import { dayOverDay, perMinuteOf } from './fd-only.ts';
import { growthOf } from './growth.ts';
import { firstAt, type Life, lastLife } from './lives.ts';
import { pileOf } from './pile.ts';
import { keepsRising } from './shape.ts';
import { type Fit, fitSlope, median } from './slope.ts';
import { type LoadCost, loadCost, loadDoubt, withoutLoad } from './traffic.ts';

export type LeakAssessment = Leak & { timeToEmfileSeconds: Band | null };

/** A leak must have shown this much before anything is called one: minutes of window, fds gained, times the noise. */
type Look = { minutes: number; atLeastMinutes: number; rise: number; noises: number };

/** Looked at from the whole life down, so that the longest proven window gives the rate; the short looks catch what started just now. */
const LOOKS: readonly Look[] = [
  { minutes: Number.POSITIVE_INFINITY, atLeastMinutes: 15, rise: 10, noises: 3 },
  { minutes: 360, atLeastMinutes: 300, rise: 10, noises: 3 },
  { minutes: 120, atLeastMinutes: 100, rise: 10, noises: 3 },
  { minutes: 40, atLeastMinutes: 36, rise: 10, noises: 3 },
  { minutes: 15, atLeastMinutes: 1.6, rise: 60, noises: 8 },
  { minutes: 3, atLeastMinutes: 1.6, rise: 60, noises: 8 },
];

/** "Not leaking" means that even if all that was ever seen to change were a leak, it would not fill the headroom for this long. */
const SAFE_DAYS = 3;
/** ... and that the change seen so far is at most this share of what such a leak would have shown by now. */
const CALM_SHARE = 0.4;
const CALM_FDS = 8;
/** Slopes that would take this long are below what the product calls a leak. */
const FLOOR_DAYS = 30;
const MINUTES_PER_DAY = 1440;
/** No all-clear before this much of a life was seen, minutes. */
const CLEAR_AFTER = 15;
const MIN_ROWS = 12;
/** Open fds this close to the limit mean that the proxy refuses: nothing can grow any more. */
const FULL_WITHIN = 2;
/** fd-only: growth from day to day that is called a leak, fds, and as a share of the usual level; less than this share of the headroom is calm. */
const DAY_FDS = 12;
const DAY_SHARE = 0.1;
const DAY_CALM_SHARE = 0.5;
/** Only growing: over this long at least, by this many fds, this many times the largest fall, with this much left without its largest jump ... */
const GROW_MINUTES = 12;
const GROW_FDS = 12;
const GROW_DROPS = 2;
const GROW_REST = 0.3;
/** ... and this share of it in the second half. */
const GROW_LATE = 0.18;
/** Levelled off: the second half lasts this long at least, and this share of the growth came in the first quarter. */
const LEVEL_MINUTES = 85;
const LEVEL_SHARE = 0.7;
const LEVEL_FROM = 0.45;
const LEVEL_CALM = 0.5;
/** A pile of tunnels withholds the all-clear from this growth of their stay on, and is a leak from this growth and age on. */
const PILE_GROWTH = 1.3;
const PILE_FDS = 12;
const STUCK_GROWTH = 3;
const STUCK_HOURS = 8;
const PILE_MISSING = 'a longer look: tunnels stay longer and longer, long-lived clients or stuck ones';
/** Leaked sockets come in pairs (client and upstream). */
const FDS_PER_EVENT = 2;

export function assessLeak(input: { now: number; samples: readonly Sample[] }): LeakAssessment {
  const { samples } = input;
  const life = lastLife(samples);
  const to = saturatedFrom(samples, life.from, life.to);
  const first = samples[life.from];
  const last = samples[to - 1];
  if (!first || !last || to - life.from < MIN_ROWS || last.at - first.at < 60_000)
    return answer('cannot-tell', null, samples, life.from, life.to, 'more samples of this process life');
  if (last.connectionsActive === null) return assessFdOnly(samples, life, to);
  const whole = binWindow(samples, life.from, to);
  const cost = loadCost(whole);
  const level = withoutLoad(whole, cost);
  const drift = driftOf(whole, level);
  const lifeDrop = growthOf(level, whole.n).drop;
  const seen: { look: Look; from: number; bins: Bins; values: Float64Array; fit: Fit }[] = [];
  let widest: Fit | null = null;
  for (const look of LOOKS) {
    const all = !Number.isFinite(look.minutes);
    if (!all && drift.range < look.rise && widest !== null) continue;
    const from = all ? life.from : firstAt(samples, last.at - look.minutes * 60_000, life.from, to);
    const start = samples[from];
    if (!start || (last.at - start.at) / 60_000 < look.atLeastMinutes) continue;
    const bins = all ? whole : binWindow(samples, from, to);
    const values = all ? level : withoutLoad(bins, cost);
    const fit = fitBesideLoad(bins, values, cost);
    if (!fit) continue;
    if (widest === null || look.minutes >= 120) widest = fit;
    if (isGrowth(fit, look, floorFor(bins, last)) && keepsRising(values, bins.n))
      return answer('leaking', fit, samples, from, life.to, undefined, to);
    seen.push({ look, from, bins, values, fit });
  }
  for (const { look, from, bins, values, fit } of seen.toReversed()) {
    if (onlyGrows(bins, values, look, lifeDrop, loadDoubt(bins, cost)))
      return answer('leaking', fit, samples, from, life.to, undefined, to);
  }
  const minutes = whole.span;
  if (widest === null) return answer('cannot-tell', null, samples, life.from, life.to, waitFor(CLEAR_AFTER - minutes));
  if (minutes < CLEAR_AFTER) return answer('cannot-tell', widest, samples, life.from, life.to, waitFor(CLEAR_AFTER - minutes));
  const pile = pileOf(whole);
  const piles = pile !== null && pile.growth > PILE_GROWTH && pile.excessFds > PILE_FDS && pile.goesOn;
  if (piles && pile.growth > STUCK_GROWTH && minutes > STUCK_HOURS * 60 && pile.steady) {
    const fit = fitSlope(whole.minutes, pile.unexplained, whole.n, FDS_PER_EVENT);
    if (fit !== null && fit.low > 0) return answer('leaking', fit, samples, life.from, life.to, undefined, to);
  }
  if (piles) return answer('cannot-tell', widest, samples, life.from, life.to, PILE_MISSING);
  const allowed = last.fdLimit === null ? 0 : ((last.fdLimit - median(whole.open, whole.n)) * minutes) / (SAFE_DAYS * MINUTES_PER_DAY);
  if ((allowed >= CALM_FDS && drift.withoutSteps <= CALM_SHARE * allowed) || levelledOff(whole, level, allowed))
    return answer('not-leaking', widest, samples, life.from, life.to);
  return answer('cannot-tell', widest, samples, life.from, life.to, 'a longer look: a leak could still hide in what changed so far');
}

/**
 * A cache or pool that no column shows: it fills after a start and stays full. Most of the growth came in the first quarter of the life, and the
 * second half is as calm as an all-clear asks of a window that long.
 */
function levelledOff(bins: Bins, values: Float64Array, allowed: number): boolean {
  const { n } = bins;
  if (n < 16 || bins.span < 2 * LEVEL_MINUTES) return false;
  const at = Math.round(LEVEL_FROM * n);
  const later = values.subarray(at, n);
  const end = median(later);
  const start = values[0] ?? 0;
  const quarter = median(values.subarray((n >> 2) - 1, (n >> 2) + 2));
  if (quarter - start < LEVEL_SHARE * (end - start)) return false;
  const rest: Bins = { ...bins, n: later.length, minutes: bins.minutes.subarray(at, n), span: bins.span * (1 - LEVEL_FROM) };
  const shown = allowed * (1 - LEVEL_FROM);
  return shown >= CALM_FDS && driftOf(rest, later).range <= LEVEL_CALM * shown;
}

/**
 * A leak of single sockets is a staircase, not a line: what gives it away is that it only grows. The rise is far more than anything that ever fell in
 * this life, not one jump, not over by half-time, and more than the load may have brought along.
 */
function onlyGrows(bins: Bins, values: Float64Array, look: Look, lifeDrop: number, doubt: number): boolean {
  if (bins.n < 10 || bins.span < GROW_MINUTES) return false;
  const { rise, drop, jump, late } = growthOf(values, bins.n);
  return (
    rise >= Math.max(look.rise, GROW_FDS, GROW_DROPS * Math.max(drop, lifeDrop), 2 * doubt) &&
    rise - jump >= GROW_REST * rise &&
    late >= GROW_LATE * rise
  );
}

/** The slope, its interval widened by what is not known about the cost of a tunnel while the load moved. */
function fitBesideLoad(bins: Bins, values: Float64Array, cost: LoadCost): Fit | null {
  const fit = fitSlope(bins.minutes, values, bins.n, FDS_PER_EVENT);
  if (fit === null || cost.error === 0 || fit.span <= 0) return fit;
  const doubt = (1.96 * loadDoubt(bins, cost)) / fit.span;
  return { ...fit, low: fit.mid - Math.hypot(fit.mid - fit.low, doubt), high: fit.mid + Math.hypot(fit.high - fit.mid, doubt) };
}

/** Only an fd count is known: the same hours of the day before are the only thing to hold it against. */
function assessFdOnly(samples: readonly Sample[], life: Life, to: number): LeakAssessment {
  const last = samples[life.to - 1];
  const days = dayOverDay(samples, life, to);
  const from = life.from;
  if (days === null || !last) {
    return answer(
      'cannot-tell',
      null,
      samples,
      from,
      life.to,
      'a day of this process life: open fds alone do not tell a leak from traffic',
    );
  }
  const rate = perMinuteOf(days);
  const low = days.perDay - 1.96 * days.error;
  if (low > DAY_FDS && days.perDay > DAY_SHARE * days.level) return answer('leaking', rate, samples, from, life.to, undefined, to);
  const room = last.fdLimit === null ? 0 : last.fdLimit - days.level;
  const calm = days.perDay * SAFE_DAYS < DAY_CALM_SHARE * room && (days.perDay + days.error) * SAFE_DAYS < room;
  if (calm) return answer('not-leaking', rate, samples, from, life.to);
  return answer('cannot-tell', rate, samples, from, life.to, 'more hours to compare with the same hours of the day before');
}

const isGrowth = (fit: Fit, look: Look, floor: number): boolean =>
  fit.low > floor && fit.rise >= Math.max(look.rise, look.noises * fit.noise);

const floorFor = (bins: Bins, last: Sample): number =>
  last.fdLimit === null ? 0 : Math.max(0, last.fdLimit - (bins.open[0] ?? 0)) / (FLOOR_DAYS * MINUTES_PER_DAY);

const waitFor = (minutes: number): string => {
  const left = Math.max(1, Math.ceil(minutes));
  return `${left} more minute${left === 1 ? '' : 's'} of this process life`;
};

/** Where the life first filled its present limit, if that is where it still is; else its end. What follows is flat and says nothing of the leak. */
function saturatedFrom(samples: readonly Sample[], from: number, to: number): number {
  const last = samples[to - 1];
  const full = (row: Sample | undefined) =>
    row !== undefined &&
    row.openFds !== null &&
    row.fdLimit !== null &&
    row.fdLimit === last?.fdLimit &&
    row.openFds >= row.fdLimit - FULL_WITHIN;
  for (let i = to - 1; i >= Math.max(from, to - 12); i -= 1) {
    if (!full(samples[i])) continue;
    let first = from;
    while (first < to && !full(samples[first])) first += 1;
    return first - from >= MIN_ROWS ? first : to;
  }
  return to;
}

/** Accepted connections in rows `[from, to)`, resets of the counter included; null where the node does not count them. */
export function acceptedIn(samples: readonly Sample[], from: number, to: number): number | null {
  const bins = binWindow(samples, from, to);
  if (samples[to - 1]?.acceptedTotal === null || bins.n === 0) return null;
  return bins.accepted[bins.n - 1] ?? null;
}

const scaled = (interval: Interval, factor: number): Interval => ({
  low: interval.low * factor,
  mid: interval.mid * factor,
  high: interval.high * factor,
});

/** The same slope per 1,000 accepted connections, at the accept rate of the window. */
export function perThousand(perMinute: Interval, minutes: number, accepted: number | null): Interval | null {
  if (accepted === null || accepted <= 0 || minutes <= 0) return null;
  return scaled(perMinute, (1000 * minutes) / accepted);
}

function answer(
  verdict: LeakVerdict,
  fit: Interval | null,
  samples: readonly Sample[],
  from: number,
  end: number,
  missing?: string,
  to = end,
): LeakAssessment {
  const last = samples[end - 1];
  const [head, tail] = [samples[from], samples[to - 1]];
  const perMinute = fit === null ? null : { low: fit.low, mid: fit.mid, high: fit.high };
  const minutes = head && tail ? (tail.at - head.at) / 60_000 : 0;
  return {
    verdict,
    perMinute,
    per1000Connections: perMinute === null ? null : perThousand(perMinute, minutes, acceptedIn(samples, from, to)),
    timeToEmfileSeconds: last ? timeToEmfile(last.openFds, last.fdLimit, perMinute) : null,
    ...(missing === undefined ? {} : { missing }),
  };
}
