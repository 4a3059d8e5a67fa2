import { median } from './slope.ts';

/** The shape of a series in fds: how it grew, and everything that speaks against a leak in it. */
export type Growth = {
  /** last bins above first bins */
  rise: number;
  /** the largest fall from any earlier bin to a later one: a leak only adds, so whatever falls was honest */
  drop: number;
  /** the largest jump within two bins: a step, a reload, one burst */
  jump: number;
  /** the parts of the rise that came in the first quarter and in the second half */
  early: number;
  late: number;
  /** between the lowest and the highest bin */
  range: number;
};

const ENDS = 3;

export function growthOf(values: Float64Array, n: number): Growth {
  const start = median(values.subarray(0, Math.min(ENDS, n)));
  const end = median(values.subarray(Math.max(0, n - ENDS), n));
  const half = n >> 1;
  const middle = median(values.subarray(Math.max(0, half - 1), Math.min(n, half + 2)));
  const quarter = n >> 2;
  const first = median(values.subarray(Math.max(0, quarter - 1), Math.min(n, quarter + 2)));
  let low = Number.POSITIVE_INFINITY;
  let top = Number.NEGATIVE_INFINITY;
  let drop = 0;
  let jump = 0;
  for (let i = 0; i < n; i += 1) {
    const value = values[i] ?? 0;
    if (value < low) low = value;
    if (value > top) top = value;
    else if (top - value > drop) drop = top - value;
    if (i >= 2) jump = Math.max(jump, value - (values[i - 2] ?? 0));
  }
  return { rise: end - start, drop, jump, early: first - start, late: end - middle, range: top - low };
}
