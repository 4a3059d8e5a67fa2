import type { Sample } from '#shared/metrics.ts';
import type { Band, Interval } from '#shared/time.ts';
import type { Bins } from './bins.ts';
import { type Course, courseOf } from './course.ts';
import { leakySeen } from './expect.ts';
import { median } from './slope.ts';
import { loadCost, withoutLoad } from './traffic.ts';

/** A full node refuses: open fds come no nearer to the limit than this. */
const FULL_WITHIN = 2;
/** Rows of the near past of which the highest says how far above its middle a count peaks, and those of which the middle is "now". */
const PEAK_ROWS = 120;
const NOW_ROWS = 12;
const PEAK = 0.93;
/** The near end allows for peaks this many times as high. */
const HIGHER_PEAKS = 2;
/** The horizon is searched in steps of this factor, up to a year (minutes): what comes later is "never". */
const STEP = 1.15;
/** Of what two loads are apart, this share lies on either side of the middle at most. */
const SIDE = 0.6;
/** A rate taken from this share of the life and more is one of the whole life. */
const WHOLE_SHARE = 0.9;
const NEVER = 365 * 1440;
const FDS_PER_EVENT = 2;
const NORMAL_95 = 1.96;

/** Rows `[from, end)` of one life and their bins, a rate in fds a minute, and the minutes up to `end` that it was taken from. */
export type Ahead = { samples: readonly Sample[]; from: number; end: number; window: number; bins: Bins; rate: Interval | null };

/**
 * Seconds until open fds reach the limit. Not only the rate is uncertain: most leaks follow the load, and the load of the hours ahead is known only
 * where a day of this life was seen; traffic brings fds of its own, and it is a peak that meets the limit. `low` is the near end; `high` is null where
 * the slowest rate does not fill it within a year; null as a whole where even the middle one does not, or the limit is unknown.
 */
export function timeToEmfile({ samples, from, end, window, bins, rate }: Ahead): Band | null {
  const last = samples[end - 1];
  if (!last || last.openFds === null || last.fdLimit === null || rate === null || !(rate.mid > 0)) return null;
  if (last.openFds >= last.fdLimit - FULL_WITHIN) return { low: 0, mid: 0, high: 0 };
  const { level, peak } = recently(samples.slice(Math.max(from, end - PEAK_ROWS), end), rate.mid);
  const room = Math.max(1, last.fdLimit - Math.max(level, 0));
  const course = ahead(bins, rate.mid, window);
  const chance = (NORMAL_95 * Math.sqrt(FDS_PER_EVENT * room)) / room;
  const [up, down] = [(rate.high - rate.mid) / rate.mid, (rate.mid - rate.low) / rate.mid];
  const grown = (t: number) => rate.mid * course.mean(window, t) * t;
  const off = (share: number, load: number) => Math.hypot(share, load, chance);
  const usual = room / rate.mid;
  const mid = reaches(room, usual / 4, (t) => grown(t) + Math.max(peak, course.traffic(t).mid));
  if (mid === null) return null;
  const near = reaches(
    room,
    usual / 16,
    (t) => grown(t) * (1 + off(up, fromLowToHigh(course.doubt(window, t)))) + Math.max(HIGHER_PEAKS * peak, course.traffic(t).most + peak),
  );
  // some leaks come by day only: whatever hours ahead will be quieter than any seen may bring nothing
  const slow = (t: number) => {
    const byLoad = course.mean(window, t) * Math.max(0, 1 - off(down, course.doubt(window, t)));
    return rate.mid * t * Math.min(byLoad, course.paused(window, t) * Math.max(0, 1 - Math.hypot(down, chance)));
  };
  const far = reaches(room, mid, (t) => slow(t) + course.traffic(t).least);
  return { low: Math.min(near ?? mid, mid) * 60, mid: mid * 60, high: far === null ? null : Math.max(far, mid) * 60 };
}

/** The load was low when the rate was taken and will be high: each has a part in `share`, and what counts is their ratio. */
const fromLowToHigh = (share: number): number => (1 + SIDE * share) / Math.max(0.2, 1 - SIDE * share) - 1;

/** First horizon (minutes) by which `taken` fds fill `room`; null when none within a year does. */
function reaches(room: number, from: number, taken: (horizon: number) => number): number | null {
  let [before, filled] = [0, 0];
  for (let horizon = Math.max(0.05, from); horizon <= NEVER; horizon *= STEP) {
    const fds = taken(horizon);
    if (fds >= room) return before + (horizon - before) * Math.max(0, Math.min(1, (room - filled) / Math.max(1e-9, fds - filled)));
    [before, filled] = [horizon, Math.min(fds, room)];
  }
  return null;
}

/** The middle of the newest rows, and how far above the middle of more of them the highest is, the leak's own rise taken out; fds. */
function recently(newest: readonly Sample[], perMinute: number): { level: number; peak: number } {
  const now = newest.at(-1)?.at ?? 0;
  const rows = new Float64Array(newest.length);
  let n = 0;
  for (let i = newest.length - 1; i >= 0; i -= 1) {
    const row = newest[i];
    if (!row || row.openFds === null) continue;
    rows[n] = row.openFds + (perMinute * (now - row.at)) / 60_000;
    n += 1;
  }
  const level = median(rows, Math.min(n, NOW_ROWS));
  const middle = median(rows, n);
  const sorted = rows.subarray(0, n).sort();
  return { level, peak: Math.max(0, (sorted[Math.floor(PEAK * (n - 1))] ?? middle) - middle) };
}

/** What a leak follows: accepts, and where they are not counted the fds that come and go. */
function ahead(bins: Bins, perMinute: number, window: number): Course {
  const { n, minutes } = bins;
  const counted = (bins.accepted[n - 1] ?? 0) > 0;
  const traffic = new Float64Array(n);
  const now = minutes[n - 1] ?? 0;
  for (let i = 0; i < n; i += 1)
    traffic[i] = (bins.open[i] ?? 0) - (counted ? (bins.beyond[i] ?? 0) : perMinute * ((minutes[i] ?? 0) - now));
  if (!counted) return courseOf(bins, { load: traffic, lowest: 0, paused: false }, traffic);
  const { load: lowest, paused } = leakySeen(bins, withoutLoad(bins, loadCost(bins)));
  // a leak that began in mid-life paused by the clock, not by load: its rate is from a part of the life
  return courseOf(bins, { load: bins.rate, lowest, paused: paused && window >= WHOLE_SHARE * bins.span }, traffic);
}
