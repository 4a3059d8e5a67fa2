import type { Interval } from '#shared/time.ts';

/** A straight line through a series: y per x, with a 95 % interval. */
export type Fit = Interval & {
  /** what the slope gains over the series, in y */
  rise: number;
  /** robust spread of the residuals, in y */
  noise: number;
  /** from first to last x */
  span: number;
};

const NORMAL_95 = 1.96;
/** the residuals of a leak wander like its events do: correlation beyond this is the leak's own and comes in by `events` */
const MOST_CORRELATED = 0.65;
/** the part of the events' chance that the residuals do not show already; set so that intervals cover 95 to 98 % on simulated nodes */
const EVENTS_SHARE = 0.56;
/** scales a median absolute deviation to a standard deviation of normal noise */
const MAD_TO_SIGMA = 1.4826;
/** fewer points than this give no interval at all; a verdict needs more */
const MIN_POINTS = 4;

/** k-th smallest of `values[0, n)` in expected linear time (Hoare's quickselect); reorders the values. */
export function select(values: Float64Array, n: number, k: number): number {
  let low = 0;
  let high = n - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1] ?? 0;
    let i = low;
    let j = high;
    while (i <= j) {
      while ((values[i] ?? 0) < pivot) i += 1;
      while ((values[j] ?? 0) > pivot) j -= 1;
      if (i <= j) {
        const swap = values[i] ?? 0;
        values[i] = values[j] ?? 0;
        values[j] = swap;
        i += 1;
        j -= 1;
      }
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return values[k] ?? 0;
}

export function median(values: Float64Array, n = values.length): number {
  const copy = values.slice(0, n);
  const upper = select(copy, n, n >> 1);
  return n % 2 ? upper : (upper + select(copy, n, (n >> 1) - 1)) / 2;
}

/**
 * Theil-Sen slope (Sen 1968: the median of all pairwise slopes) with Sen's rank interval. The textbook interval assumes independent noise, and fd
 * counts are autocorrelated, so its rank width is inflated by sqrt((1 + r) / (1 - r)), r the lag-1 correlation of the residuals (the effective
 * sample size of an AR(1) series). `events` widens it further: a leak of single sockets is a Poisson process, so `rise` fds that came `events` at a
 * time leave ± sqrt(events × rise) whatever the noise. Points must be in order of x.
 */
export function fitSlope(x: Float64Array, y: Float64Array, n: number, events = 0): Fit | null {
  if (n < MIN_POINTS) return null;
  const pairs = (n * (n - 1)) >> 1;
  const slopes = new Float64Array(pairs);
  let at = 0;
  for (let i = 0; i < n; i += 1) {
    const xi = x[i] ?? 0;
    const yi = y[i] ?? 0;
    for (let j = i + 1; j < n; j += 1) {
      const dx = (x[j] ?? 0) - xi;
      if (dx > 0) {
        slopes[at] = ((y[j] ?? 0) - yi) / dx;
        at += 1;
      }
    }
  }
  if (at === 0) return null;
  const mid = select(slopes, at, at >> 1);
  const residuals = new Float64Array(n);
  for (let i = 0; i < n; i += 1) residuals[i] = (y[i] ?? 0) - mid * (x[i] ?? 0);
  const base = median(residuals);
  let square = 1e-9;
  let lagged = 0;
  for (let i = 0; i < n; i += 1) {
    const e = (residuals[i] ?? 0) - base;
    square += e * e;
    if (i > 0) lagged += e * ((residuals[i - 1] ?? 0) - base);
  }
  const r = Math.min(MOST_CORRELATED, Math.max(0, lagged / square));
  const half = (NORMAL_95 / 2) * Math.sqrt(((1 + r) / (1 - r)) * ((n * (n - 1) * (2 * n + 5)) / 18));
  const rank = (k: number) => select(slopes, at, Math.max(0, Math.min(at - 1, Math.round(k))));
  const low = rank(at / 2 - half);
  const high = rank(at / 2 + half);
  for (let i = 0; i < n; i += 1) residuals[i] = Math.abs((residuals[i] ?? 0) - base);
  const span = (x[n - 1] ?? 0) - (x[0] ?? 0);
  const rise = mid * span;
  const chance = events > 0 ? (EVENTS_SHARE * NORMAL_95 * Math.sqrt(events * Math.max(events, Math.abs(rise)))) / span : 0;
  return {
    low: mid - Math.hypot(mid - low, chance),
    mid,
    high: mid + Math.hypot(high - mid, chance),
    rise,
    noise: MAD_TO_SIGMA * median(residuals),
    span,
  };
}
