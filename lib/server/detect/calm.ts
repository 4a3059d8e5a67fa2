import type { Bins } from './bins.ts';
import { driftOf } from './drift.ts';
import { median } from './slope.ts';

const MINUTES_PER_DAY = 1440;
/** "Not leaking" means that even if all that was ever seen to change were a leak, it would not fill the headroom for this long. */
export const SAFE_DAYS = 3;
/** The change seen so far is at most this share of what a leak that fills the headroom in that time would have shown by now. */
const CALM_SHARE = 0.47;
/** Such a leak must have shown this many fds by now, or nothing is excluded yet. */
const CALM_FDS = 8;
/** Levelled off: the later part of the life starts here and lasts this long (minutes); this share of the growth came in the first quarter. */
const LEVEL_FROM = 0.45;
const LEVEL_MINUTES = 80;
const LEVEL_SHARE = 0.7;
const LEVEL_CALM = 0.5;
/** ... of which this many parts are compared by their means: over hours the highest of many bins is only chance */
const LEVEL_PARTS = 7;

/** What a leak that fills the headroom in three days would have added in this window, fds; 0 where the limit is unknown. */
export function dangerousBy(bins: Bins, fdLimit: number | null): number {
  if (fdLimit === null) return 0;
  return Math.max(0, ((fdLimit - median(bins.open, bins.n)) * bins.span) / (SAFE_DAYS * MINUTES_PER_DAY));
}

/** Nothing that changed so far leaves room for a leak that matters: `values` are fds beyond traffic, `dangerous` what such a leak would have added. */
export function isCalm(bins: Bins, values: Float64Array, dangerous: number): boolean {
  if (dangerous < CALM_FDS) return false;
  return driftOf(bins, values).withoutSteps <= CALM_SHARE * dangerous || hasLevelledOff(bins, values, dangerous);
}

/**
 * A cache or pool that no column shows: it fills after a start and stays full. Most of the growth came in the first quarter of the life, and the
 * rest is as calm as an all-clear asks of a window that long.
 */
function hasLevelledOff(bins: Bins, values: Float64Array, dangerous: number): boolean {
  const { n } = bins;
  const at = Math.round(LEVEL_FROM * n);
  if (n < 16 || bins.span * (1 - LEVEL_FROM) < LEVEL_MINUTES) return false;
  const later = values.subarray(at, n);
  const start = values[0] ?? 0;
  const quarter = median(values.subarray((n >> 2) - 1, (n >> 2) + 2));
  if (quarter - start < LEVEL_SHARE * (median(later) - start)) return false;
  const rest: Bins = { ...bins, n: later.length, minutes: bins.minutes.subarray(at, n), span: bins.span * (1 - LEVEL_FROM) };
  const shown = dangerous * (1 - LEVEL_FROM);
  return shown >= CALM_FDS && driftOf(rest, later, rest.span / LEVEL_PARTS).range <= LEVEL_CALM * shown;
}
