import { type Evidence, FDS_PER_EVENT } from './evidence.ts';

const ENDS = 3;
/** A constant rate makes a walk of single events: the area between it and its chord has this share of the variance of its whole rise. */
const AREA_SHARE = 1 / 3;

/**
 * By how many sigmas a growth bends over: twice the area between the curve and its chord, against what the chance of single events and the noise of
 * both ends leave of a straight line. What fills up and stays full bends over long before it is flat; a leak does not, or only with the load: so the
 * smaller of the two counts, along the clock and along the connections accepted. Below 0 where it speeds up.
 */
export function bendOf({ bins, values, growth, fit }: Evidence): number {
  const { n, minutes, accepted } = bins;
  const counted = (accepted[n - 1] ?? 0) > (accepted[0] ?? 0);
  const bow = Math.min(bowOf(minutes, values, n), counted ? bowOf(accepted, values, n) : Number.POSITIVE_INFINITY);
  const events = FDS_PER_EVENT * Math.max(FDS_PER_EVENT, growth.rise);
  return bow / Math.sqrt(AREA_SHARE * (events + 2 * fit.noise ** 2));
}

/** Twice how far the mean of a curve lies above the middle of its ends, in its own unit. */
function bowOf(x: Float64Array, y: Float64Array, n: number): number {
  const span = (x[n - 1] ?? 0) - (x[0] ?? 0);
  if (n < 2 * ENDS || span <= 0) return 0;
  let area = 0;
  for (let i = 1; i < n; i += 1) area += (((y[i] ?? 0) + (y[i - 1] ?? 0)) / 2) * ((x[i] ?? 0) - (x[i - 1] ?? 0));
  let ends = 0;
  for (let i = 0; i < ENDS; i += 1) ends += (y[i] ?? 0) + (y[n - 1 - i] ?? 0);
  return 2 * (area / span) - ends / ENDS;
}
