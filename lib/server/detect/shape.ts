import type { Bins } from './bins.ts';
import { median } from './slope.ts';

/**
 * Does the rise go on through all quarters of the window? A step rises in one quarter, a spike comes back, a warm-up or a cache that fills flattens;
 * a leak does none of these. Quarters are compared by their medians.
 */
export function keepsRising(values: Float64Array, n: number): boolean {
  if (n < 8) return false;
  const quarter = (k: number) => median(values.subarray(Math.floor((k * n) / 4), Math.floor(((k + 1) * n) / 4)));
  const [a, b, c, d] = [quarter(0), quarter(1), quarter(2), quarter(3)];
  const rise = d - a;
  if (!(rise > 0)) return false;
  const steps = [b - a, c - b, d - c];
  return steps.every((step) => step > 0.1 * rise) && Math.max(...steps) < 0.75 * rise;
}

/**
 * Slope of the fds beyond traffic once what goes along with the number of live tunnels is taken out (least squares on time and tunnels), fds/min.
 * Where a tunnel costs more or less than two fds, or closed ones drain slowly, those fds follow the load and not the clock.
 */
export function slopeBesideLoad(bins: Bins): number {
  const { n, minutes, live, beyond } = bins;
  let t = 0;
  let a = 0;
  let u = 0;
  for (let i = 0; i < n; i += 1) {
    t += minutes[i] ?? 0;
    a += live[i] ?? 0;
    u += beyond[i] ?? 0;
  }
  t /= n;
  a /= n;
  u /= n;
  let tt = 0;
  let aa = 0;
  let ta = 0;
  let tu = 0;
  let au = 0;
  for (let i = 0; i < n; i += 1) {
    const dt = (minutes[i] ?? 0) - t;
    const da = (live[i] ?? 0) - a;
    const du = (beyond[i] ?? 0) - u;
    tt += dt * dt;
    aa += da * da;
    ta += dt * da;
    tu += dt * du;
    au += da * du;
  }
  const determinant = tt * aa - ta * ta;
  return determinant > 0.05 * tt * aa ? (tu * aa - au * ta) / determinant : tu / tt;
}
