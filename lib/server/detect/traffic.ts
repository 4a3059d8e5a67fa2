import type { Bins } from './bins.ts';
import { median } from './slope.ts';

/** fds beyond traffic that come and go with each live tunnel (closed ones that drain, tunnels that cost more or less than two), ± one sigma. */
export type TunnelCost = { perTunnel: number; error: number };

const FREE: TunnelCost = { perTunnel: 0, error: 0 };
const MIN_BINS = 10;
/** below this many standard errors a cost is chance, and taken as none */
const PROVEN = 2.5;
/** no honest tunnel hides more than this many fds besides its two */
const MOST = 1;
const MAD_TO_SIGMA = 1.4826;
const CLIP = 3;

/**
 * Estimated from the differences between neighbouring bins: load wobbles up and down all the time, a leak only adds, so the two part ways in the
 * differences even where a morning's rise runs parallel to a leak over hours. Differences beyond 3 sigma (steps, spikes) are clipped (Huber).
 */
export function tunnelCost(bins: Bins): TunnelCost {
  const { n, beyond, live } = bins;
  if (n < MIN_BINS) return FREE;
  const m = n - 1;
  const u = new Float64Array(m);
  const a = new Float64Array(m);
  let meanA = 0;
  for (let i = 0; i < m; i += 1) {
    u[i] = (beyond[i + 1] ?? 0) - (beyond[i] ?? 0);
    a[i] = (live[i + 1] ?? 0) - (live[i] ?? 0);
    meanA += (a[i] ?? 0) / m;
  }
  const centre = median(u);
  const sizes = new Float64Array(m);
  for (let i = 0; i < m; i += 1) sizes[i] = Math.abs((u[i] ?? 0) - centre);
  const clip = CLIP * Math.max(0.5, MAD_TO_SIGMA * median(sizes));
  let aa = 0;
  let au = 0;
  for (let i = 0; i < m; i += 1) {
    const da = (a[i] ?? 0) - meanA;
    const du = Math.max(-clip, Math.min(clip, (u[i] ?? 0) - centre));
    aa += da * da;
    au += da * du;
  }
  if (aa <= 0) return FREE;
  const slope = au / aa;
  let square = 0;
  for (let i = 0; i < m; i += 1) {
    const du = Math.max(-clip, Math.min(clip, (u[i] ?? 0) - centre));
    square += (du - slope * ((a[i] ?? 0) - meanA)) ** 2;
  }
  const error = Math.sqrt(square / Math.max(1, m - 2) / aa);
  if (Math.abs(slope) < PROVEN * error || Math.abs(slope) > MOST) return FREE;
  return { perTunnel: slope, error };
}
