import type { Bins } from './bins.ts';
import { median } from './slope.ts';

/** share of the load's movement that the clock does not foretell, below which the two are parallel */
const PARALLEL = 0.015;

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
 * Slope of `values` once what goes along with `load` is taken out (least squares on time and load), per minute. Where a tunnel costs more or less than
 * two fds, or closed ones drain slowly, those fds follow the load and not the clock. Null where load and clock run so parallel that nobody can tell.
 */
export function slopeBesideLoad(bins: Bins, values: Float64Array, load: Float64Array): number | null {
  const { n, minutes } = bins;
  let t = 0;
  let a = 0;
  let u = 0;
  for (let i = 0; i < n; i += 1) {
    t += minutes[i] ?? 0;
    a += load[i] ?? 0;
    u += values[i] ?? 0;
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
    const da = (load[i] ?? 0) - a;
    const du = (values[i] ?? 0) - u;
    tt += dt * dt;
    aa += da * da;
    ta += dt * da;
    tu += dt * du;
    au += da * du;
  }
  const determinant = tt * aa - ta * ta;
  return determinant > PARALLEL * tt * aa ? (tu * aa - au * ta) / determinant : null;
}
