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
/** fds that every tunnel more may bring along unseen: closed sockets drain for seconds, the more of them the busier a node is */
const DRAINS = 0.05;
/**
 * Bins apart that are compared. The load of one bin is a count with its own chance, which hides part of what follows it (attenuation, errors in
 * variables); two bins on, the load has moved more and the chance is the same.
 */
const LAG = 2;
/** A rise with the load is doubted more by this factor: what attenuation leaves of the cost all points one way. */
const RISING = 1.4;
const MAD_TO_SIGMA = 1.4826;
const CLIP = 3;

/**
 * Estimated from the differences between near bins: load wobbles up and down all the time, a leak only adds, so the two part ways in the
 * differences even where a morning's rise runs parallel to a leak over hours. Differences beyond 3 sigma (steps, spikes) are clipped (Huber).
 */
export function loadCost(bins: Bins): LoadCost {
  const { n, beyond } = bins;
  if (n < MIN_BINS) return FREE;
  const m = n - LAG;
  const u = new Float64Array(m);
  for (let i = 0; i < m; i += 1) u[i] = (beyond[i + LAG] ?? 0) - (beyond[i] ?? 0);
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
  const m = n - LAG;
  let mean = 0;
  for (let i = 0; i < m; i += 1) mean += ((x[i + LAG] ?? 0) - (x[i] ?? 0)) / m;
  let xx = 0;
  let xu = 0;
  let uu = 0;
  for (let i = 0; i < m; i += 1) {
    const dx = (x[i + LAG] ?? 0) - (x[i] ?? 0) - mean;
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
  // draining sockets come along with more load only, an unknown cost of a tunnel either way
  const drain = moved > 0 ? DRAINS * (cost.by === 'live' ? 1 : median(bins.live, bins.n) / Math.max(1, median(bins.rate, bins.n))) : 0;
  return Math.hypot(cost.error * (moved > 0 ? RISING : 1), drain) * Math.abs(moved) * 1.5;
}
