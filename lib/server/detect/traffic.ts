import type { Bins } from './bins.ts';
import { median } from './slope.ts';

/**
 * fds beyond traffic that come and go with the load (closed tunnels that drain, tunnels that cost more or less than two): so many per live tunnel
 * or per accepted connection a minute, whichever follows them better, ± one sigma.
 */
export type LoadCost = { by: 'live' | 'rate'; each: number; error: number };

const FREE: LoadCost = { by: 'live', each: 0, error: 0 };
const MIN_BINS = 8;
/** below this many standard errors a cost is chance: not taken out, only counted as doubt */
const PROVEN = 2.5;
/** no honest tunnel hides more than this many fds besides its two */
const MOST_PER_TUNNEL = 1;
const MAD_TO_SIGMA = 1.4826;
const CLIP = 3;

/**
 * Estimated from the differences between neighbouring bins: load wobbles up and down all the time, a leak only adds, so the two part ways in the
 * differences even where a morning's rise runs parallel to a leak over hours. Differences beyond 3 sigma (steps, spikes) are clipped (Huber).
 */
export function loadCost(bins: Bins): LoadCost {
  const { n, beyond } = bins;
  if (n < MIN_BINS) return FREE;
  const m = n - 1;
  const u = new Float64Array(m);
  for (let i = 0; i < m; i += 1) u[i] = (beyond[i + 1] ?? 0) - (beyond[i] ?? 0);
  const centre = median(u);
  const sizes = new Float64Array(m);
  for (let i = 0; i < m; i += 1) sizes[i] = Math.abs((u[i] ?? 0) - centre);
  const clip = CLIP * Math.max(0.5, MAD_TO_SIGMA * median(sizes));
  for (let i = 0; i < m; i += 1) u[i] = Math.max(-clip, Math.min(clip, (u[i] ?? 0) - centre));
  const live = regress(u, bins.live, n);
  const rate = regress(u, bins.rate, n);
  if (Math.abs(live.each) > MOST_PER_TUNNEL) return FREE;
  const best: LoadCost = rate.gain > live.gain ? { by: 'rate', ...rate } : { by: 'live', ...live };
  return Math.abs(best.each) >= PROVEN * best.error ? best : { ...best, each: 0 };
}

/** Least squares of the differences `u` on those of `x`; `gain` is the share of u's squares that x explains. */
function regress(u: Float64Array, x: Float64Array, n: number): { each: number; error: number; gain: number } {
  const m = n - 1;
  const mean = ((x[n - 1] ?? 0) - (x[0] ?? 0)) / m;
  let xx = 0;
  let xu = 0;
  let uu = 0;
  for (let i = 0; i < m; i += 1) {
    const dx = (x[i + 1] ?? 0) - (x[i] ?? 0) - mean;
    const du = u[i] ?? 0;
    xx += dx * dx;
    xu += dx * du;
    uu += du * du;
  }
  if (xx <= 0) return { each: 0, error: 0, gain: 0 };
  const left = Math.max(0, uu - (xu * xu) / xx);
  return { each: xu / xx, error: Math.sqrt(left / Math.max(1, m - 2) / xx), gain: uu > 0 ? (xu * xu) / xx / uu : 0 };
}

const loadOf = (bins: Bins, cost: LoadCost): Float64Array => (cost.by === 'live' ? bins.live : bins.rate);

/** fds beyond traffic without what comes and goes with the load. */
export function withoutLoad(bins: Bins, cost: LoadCost): Float64Array {
  if (cost.each === 0) return bins.beyond;
  const load = loadOf(bins, cost);
  const out = new Float64Array(bins.n);
  for (let i = 0; i < bins.n; i += 1) out[i] = (bins.beyond[i] ?? 0) - cost.each * (load[i] ?? 0);
  return out;
}

/** fds that may have come with the load over the window and were not taken out, one sigma. */
export function loadDoubt(bins: Bins, cost: LoadCost): number {
  const load = loadOf(bins, cost);
  const third = Math.max(1, Math.floor(bins.n / 3));
  const moved = median(load.subarray(bins.n - third, bins.n)) - median(load.subarray(0, third));
  // the middles of the outer thirds are two thirds of the window apart
  return cost.error * Math.abs(moved) * 1.5;
}
