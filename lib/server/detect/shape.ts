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

/** Each quarter brings at most this share of what the one before brought, the last no more than that of all. */
const FADE = 0.62;
const FADED = 0.22;

/**
 * What fills up and stays full fades out: every quarter of the window adds less than the one before, by the same factor or more. A leak may slow down
 * with the load, so quarters are compared by what they add per accepted connection where those are counted.
 */
export function fadesOut({ n, accepted }: Bins, values: Float64Array): boolean {
  if (n < 16) return false;
  const counted = (accepted[n - 1] ?? 0) > 0;
  const at = (k: number) => Math.round((k * (n - 1)) / 4);
  const level = (k: number) => meanAround(values, n, at(k));
  const load = (k: number) => (counted ? (accepted[at(k + 1)] ?? 0) - (accepted[at(k)] ?? 0) : 1);
  const all = counted ? (accepted[n - 1] ?? 0) / 4 : 1;
  const added = [0, 1, 2, 3].map((k) => ((level(k + 1) - level(k)) * all) / Math.max(1e-9, load(k)));
  const [a = 0, b = 0, c = 0, d = 0] = added;
  const total = a + b + c + d;
  return a > 0 && b <= FADE * a && c <= FADE * b + 0.05 * total && d <= 0.16 * total && c + d <= FADED * total;
}

const meanAround = (values: Float64Array, n: number, i: number): number => {
  const [from, to] = [Math.max(0, i - 2), Math.min(n, i + 3)];
  let sum = 0;
  for (let k = from; k < to; k += 1) sum += values[k] ?? 0;
  return sum / (to - from);
};

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
