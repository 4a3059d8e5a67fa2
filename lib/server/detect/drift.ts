import type { Bins } from './bins.ts';
import { median } from './slope.ts';

/** Moving groups of bins are averaged over this long, minutes, but never over more than a third of the window. */
const SMOOTH_MINUTES = 10;
/** A jump between neighbours is a step when it is most of all that happened, and far beyond what neighbours usually differ by. */
const STEP_SHARE = 0.4;
const STEP_NOISES = 8;
/** more steps than this are no reconfiguration any more */
const MOST_STEPS = 2;

/** How far the values of a window ever were apart, in fds, and the same without single steps. */
export type Drift = { range: number; withoutSteps: number };

export function driftOf(bins: Bins, values: Float64Array, smoothMinutes = SMOOTH_MINUTES): Drift {
  const smooth = grouped(bins, values, smoothMinutes);
  const range = rangeOf(smooth);
  let rest = smooth;
  let left = range;
  for (let i = 0; i < MOST_STEPS; i += 1) {
    const level = levelled(rest, left);
    if (level === null) break;
    rest = level;
    left = rangeOf(rest);
  }
  return { range, withoutSteps: left };
}

function grouped(bins: Bins, values: Float64Array, minutes: number): Float64Array {
  const width = Math.min(minutes, bins.span / 3);
  const out = new Float64Array(bins.n);
  let groups = 0;
  for (let i = 0; i < bins.n; ) {
    const start = bins.minutes[i] ?? 0;
    let sum = 0;
    let n = 0;
    while (i < bins.n && ((bins.minutes[i] ?? 0) - start < width || n === 0)) {
      sum += values[i] ?? 0;
      n += 1;
      i += 1;
    }
    out[groups] = sum / n;
    groups += 1;
  }
  return out.subarray(0, groups);
}

function rangeOf(values: Float64Array): number {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return high > low ? high - low : 0;
}

/** The series with its largest step taken out (it may fall within a bin, so a step is looked for over two), or null when it has none. */
function levelled(values: Float64Array, range: number): Float64Array | null {
  const n = values.length;
  if (n < 6) return null;
  const jumps = new Float64Array(n - 1);
  for (let i = 0; i < n - 1; i += 1) jumps[i] = Math.abs((values[i + 1] ?? 0) - (values[i] ?? 0));
  const usual = Math.max(0.5, 1.4826 * median(jumps));
  let at = -1;
  let size = 0;
  for (let i = 0; i < n - 2; i += 1) {
    const over = (values[i + 2] ?? 0) - (values[i] ?? 0);
    if (Math.abs(over) > Math.abs(size)) {
      size = over;
      at = i;
    }
  }
  if (at < 0 || Math.abs(size) < STEP_SHARE * range || Math.abs(size) < STEP_NOISES * usual) return null;
  const before = values.subarray(Math.max(0, at - 2), at + 1);
  const after = values.subarray(at + 2, Math.min(n, at + 5));
  const step = median(after) - median(before);
  const out = new Float64Array(n - 1);
  for (let i = 0; i <= at; i += 1) out[i] = values[i] ?? 0;
  for (let i = at + 2; i < n; i += 1) out[i - 1] = (values[i] ?? 0) - step;
  return out;
}
