import type { Bins } from './bins.ts';
import { type Wave, waveOf } from './wave.ts';

/** minutes */
const DAY = 1440;
/** A life this old has shown its whole day: the hours ahead are then yesterday's. */
const DAY_SEEN = 1.05 * DAY;
/** Load that was not seen yet is expected to swing by this share around its mean from day to night: the peak is three times the trough. */
const UNSEEN_SWING = 0.45;
/** One day is like the next but for this share. */
const DAY_TO_DAY = 0.12;
/** Load wobbles by this share over tens of minutes, two sigmas; longer spans average it out. */
const WOBBLE = 0.16;
const WOBBLE_MINUTES = 20;
/** However low a wave may fall, some load is left: of that over the window. */
const LEAST_AHEAD = 0.2;
/** A leak may follow a timer and not the load, so this share of the difference stays doubt. */
const TIMER_SHARE = 0.5;
/** minutes */
const AWAKE_STEP = 30;
/** What traffic reached within this share before a horizon counts as reached at it: the search goes in steps. */
const REACH_BACK = 0.85;

/**
 * The load of the hours ahead, as far as it is known from one process life: a leak that comes with connections grows as they do, and traffic brings fds of
 * its own. Spans are minutes.
 */
export type Course = {
  /** mean load over the next `span` as a share of that over the last `window` */
  mean(window: number, span: number): number;
  /** what that share may be off by, two sigmas */
  doubt(window: number, span: number): number;
  /** the same as `mean`, should the leak pause wherever the load will be lower than any that it was seen at */
  paused(window: number, span: number): number;
  /** fds of traffic at `span` from now, more than now: as expected, at most, at least */
  traffic(span: number): { mid: number; most: number; least: number };
};

/** What a leak may follow, per bin; the least of it that the leak was seen at, and whether less was seen without it. */
export type Followed = { load: Float64Array; lowest: number; paused: boolean };

/** `traffic` are the fds that come and go, per bin. */
export function courseOf({ n, minutes, span }: Bins, { load, lowest, paused }: Followed, traffic: Float64Array): Course {
  const wobble = (window: number, ahead: number) => WOBBLE / Math.sqrt(1 + Math.min(window, ahead) / WOBBLE_MINUTES);
  // what it follows: seen to pause, it is the load above the pause
  const followed = paused ? load.map((each) => (each < lowest ? 0 : each)) : load;
  if (span >= DAY_SEEN) return dayAhead({ n, minutes, load: followed, traffic, wobble });
  const level = range(traffic, n);
  const swing = swingOf(load, n, span);
  const now = traffic[n - 1] ?? 0;
  const wave = waveOf(minutes, load, n);
  const seen = meanOver({ n, minutes, load }, Number.POSITIVE_INFINITY);
  const awake = wave && awakeDay(wave, lowest / Math.max(1e-9, seen));
  const behind = (window: number) => Math.max(1e-9, meanOver({ n, minutes, load: followed }, window));
  // the mean load ahead as a share of that over the window; what the wave leaves open, and that a leak may follow a timer and not the load, are doubt
  const guess = (window: number, ahead: number) => {
    const { mid, sigma } = wave?.mean(0, ahead) ?? { mid: 1, sigma: swing / 2 };
    const ratio = Math.min(4, Math.max(LEAST_AHEAD, ((paused && awake ? awake(ahead) : mid) * seen) / behind(window)));
    return { mean: ratio, doubt: Math.hypot((2 * sigma * seen) / behind(window) / ratio, TIMER_SHARE * Math.abs(ratio - 1)) };
  };
  const [top, bottom] = [Math.max(level.high, level.mean * (1 + swing)), Math.max(0, Math.min(level.low, level.mean * (1 - swing)))];
  return {
    mean: (window, ahead) => guess(window, ahead).mean,
    doubt: (window, ahead) => Math.hypot(guess(window, ahead).doubt, wobble(window, ahead)),
    paused: (window, ahead) => (awake === null ? guess(window, ahead).mean : (awake(ahead) * seen) / behind(window)),
    traffic(ahead) {
      const turn = 2 * swing * level.mean;
      const most = Math.min(top - now, turn * Math.sin(Math.min(0.5, ahead / DAY) * Math.PI));
      const least = ahead >= DAY ? 0 : -Math.min(now - bottom, turn * Math.sin((ahead / DAY) * Math.PI));
      return { mid: Math.max(0, level.high - now) * Math.min(1, ahead / (0.75 * DAY)), most: Math.max(0, most), least: Math.min(0, least) };
    },
  };
}

/** Mean load over the minutes ahead, counting only hours in which it is expected to be `lowest` at least; shares of the mean so far. */
function awakeDay(wave: Wave, lowest: number): (ahead: number) => number {
  const sums = new Float64Array(DAY / AWAKE_STEP + 1);
  for (let k = 1; k < sums.length; k += 1) {
    const { mid } = wave.mean((k - 1) * AWAKE_STEP, k * AWAKE_STEP);
    sums[k] = (sums[k - 1] ?? 0) + (mid >= lowest ? mid : 0) * AWAKE_STEP;
  }
  const whole = sums[sums.length - 1] ?? 0;
  return (ahead) => {
    const days = Math.floor(ahead / DAY);
    const at = (ahead - days * DAY) / AWAKE_STEP;
    const k = Math.floor(at);
    const [a, b] = [sums[k] ?? whole, sums[k + 1] ?? whole];
    return (days * whole + a + (b - a) * (at - k)) / Math.max(1e-9, ahead);
  };
}

function meanOver({ n, minutes, load }: { n: number; minutes: Float64Array; load: Float64Array }, span: number): number {
  const from = (minutes[n - 1] ?? 0) - span;
  let [sum, k] = [0, 0];
  for (let i = n - 1; i >= 0 && (k === 0 || (minutes[i] ?? 0) >= from); i -= 1) {
    sum += load[i] ?? 0;
    k += 1;
  }
  return k === 0 ? 0 : sum / k;
}

/** Half of what the load was apart so far, and what the unseen part of a day may add. */
function swingOf(load: Float64Array, n: number, span: number): number {
  const { low, high, mean } = range(load, n);
  const seen = mean > 0 ? (high - low) / 2 / mean : 0;
  return Math.min(0.9, Math.max(seen, UNSEEN_SWING * (1 - span / DAY_SEEN)));
}

/** Lowest, highest and mean of a series smoothed over three. */
function range(values: Float64Array, n: number): { low: number; high: number; mean: number } {
  let [low, high, sum] = [Number.POSITIVE_INFINITY, 0, 0];
  for (let i = 1; i < n - 1; i += 1) {
    const value = ((values[i - 1] ?? 0) + (values[i] ?? 0) + (values[i + 1] ?? 0)) / 3;
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  return n > 2 ? { low, high, mean: sum / (n - 2) } : { low: 0, high: 0, mean: 0 };
}

type Seen = {
  n: number;
  minutes: Float64Array;
  load: Float64Array;
  traffic: Float64Array;
  wobble: (window: number, ahead: number) => number;
};

/** The hours ahead are like the same hours of the last day. */
function dayAhead({ n, minutes, load, traffic, wobble }: Seen): Course {
  const now = minutes[n - 1] ?? 0;
  let first = n - 1;
  while (first > 0 && now - (minutes[first - 1] ?? 0) <= DAY) first -= 1;
  // load times minutes from the start of the last day to bin i
  const sums = new Float64Array(n);
  for (let i = first + 1; i < n; i += 1) sums[i] = (sums[i - 1] ?? 0) + (load[i] ?? 0) * ((minutes[i] ?? 0) - (minutes[i - 1] ?? 0));
  const start = minutes[first] ?? 0;
  const day = Math.max(1, now - start);
  const whole = sums[n - 1] ?? 0;
  const until = (at: number) => {
    let i = first;
    while (i < n - 1 && (minutes[i + 1] ?? 0) < at) i += 1;
    if (i >= n - 1) return whole;
    const width = (minutes[i + 1] ?? 0) - (minutes[i] ?? 0);
    return (
      (sums[i] ?? 0) + ((sums[i + 1] ?? 0) - (sums[i] ?? 0)) * Math.min(1, Math.max(0, (at - (minutes[i] ?? 0)) / Math.max(1e-9, width)))
    );
  };
  const ahead = (span: number) => {
    const days = Math.floor(span / day);
    return days * whole + until(start + (span - days * day));
  };
  const behind = (span: number) => (span >= day ? whole / day : (whole - until(now - span)) / Math.max(1e-9, span));
  const highest = (from: number, to: number) => {
    let high = Number.NEGATIVE_INFINITY;
    for (let i = first; i < n; i += 1) {
      const at = (minutes[i] ?? 0) - start;
      if (to - from >= day || inDay(at, from % day, to - from, day)) high = Math.max(high, traffic[i] ?? 0);
    }
    return high;
  };
  const level = traffic[n - 1] ?? 0;
  return {
    mean: (window, span) => (behind(window) > 0 ? ahead(span) / span / behind(window) : 1),
    doubt: (window, span) => Math.hypot(DAY_TO_DAY, wobble(window, span)),
    paused: (window, span) => (behind(window) > 0 ? ahead(span) / span / behind(window) : 1),
    traffic(span) {
      const high = highest(span * REACH_BACK, span);
      const more = Number.isFinite(high) ? high - level : 0;
      return { mid: more, most: more + DAY_TO_DAY * Math.abs(level + more), least: more - DAY_TO_DAY * Math.abs(level + more) };
    },
  };
}

/** Does `at` lie within `length` after `from`, on a clock that goes round every `day`? */
const inDay = (at: number, from: number, length: number, day: number): boolean => (at - from + day) % day <= length;
