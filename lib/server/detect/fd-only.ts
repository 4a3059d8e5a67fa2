import type { Sample } from '#shared/metrics.ts';
import type { Interval } from '#shared/time.ts';
import { binWindow } from './bins.ts';
import { firstAt } from './lives.ts';
import { median } from './slope.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Same hours of two days must overlap by this much, and no more than a day of them is compared. */
const MIN_OVERLAP_MS = 2 * HOUR_MS;
/** Fifteen-minute bins at the shortest overlap, half-hour ones at the longest. */
const MAX_PAIRS = 48;
/** Traffic wobbles over tens of minutes: neighbouring bins are never taken as independent. */
const WOBBLE_MINUTES = 25;
const MIN_PAIRS = 6;
const FDS_PER_EVENT = 2;
/** The same hour of two days differs by this share of the level for no reason. */
const SAME_LEVEL = 0.02;

/** Growth from one day to the next, in fds per day, ± one sigma, and the usual level it is held against. */
export type DayOverDay = { perDay: number; error: number; level: number; overlapHours: number };

/**
 * Where only open fds are known, a leak cannot be told from traffic by its slope: the day's swing is larger than a day's leak. The same hours of the
 * day before, in the same process life, had the same traffic give or take; what is left between them is growth. Null before a life is 26 h old.
 */
export function dayOverDay(samples: readonly Sample[], from: number, to: number): DayOverDay | null {
  const [first, last] = [samples[from], samples[to - 1]];
  if (!first || !last) return null;
  const overlap = Math.min(last.at - first.at - DAY_MS, DAY_MS);
  if (overlap < MIN_OVERLAP_MS) return null;
  const recentFrom = firstAt(samples, last.at - overlap, from, to);
  const earlierFrom = firstAt(samples, last.at - overlap - DAY_MS, from, to);
  const earlierTo = firstAt(samples, last.at - DAY_MS + 1, from, to);
  const today = binWindow(samples, recentFrom, to, MAX_PAIRS);
  const yesterday = binWindow(samples, earlierFrom, earlierTo, MAX_PAIRS);
  const width = today.span / Math.max(1, today.n);
  const differences = new Float64Array(today.n);
  const shift = ((samples[recentFrom]?.at ?? 0) - (samples[earlierFrom]?.at ?? 0) - DAY_MS) / 60_000;
  let n = 0;
  let j = 0;
  for (let i = 0; i < today.n; i += 1) {
    const at = (today.minutes[i] ?? 0) + shift;
    while (j < yesterday.n && (yesterday.minutes[j] ?? 0) < at - width / 2) j += 1;
    if (j >= yesterday.n || Math.abs((yesterday.minutes[j] ?? 0) - at) > width / 2) continue;
    differences[n] = (today.open[i] ?? 0) - (yesterday.open[j] ?? 0);
    n += 1;
  }
  if (n < MIN_PAIRS) return null;
  const perDay = median(differences, n);
  const off = new Float64Array(n);
  for (let i = 0; i < n; i += 1) off[i] = Math.abs((differences[i] ?? 0) - perDay);
  const sigma = 1.4826 * median(off, n);
  const r = Math.exp(-width / WOBBLE_MINUTES);
  const level = median(today.open, today.n);
  const error = Math.hypot(
    sigma * Math.sqrt((1 + r) / (1 - r) / n),
    Math.sqrt(FDS_PER_EVENT * Math.max(FDS_PER_EVENT, Math.abs(perDay))),
    SAME_LEVEL * level,
  );
  return { perDay, error, level, overlapHours: overlap / HOUR_MS };
}

export const perMinuteOf = (days: DayOverDay): Interval => ({
  low: (days.perDay - 1.96 * days.error) / 1440,
  mid: days.perDay / 1440,
  high: (days.perDay + 1.96 * days.error) / 1440,
});
