/** minutes */
const DAY = 1440;
const OMEGA = (2 * Math.PI) / DAY;
/** Before any load was seen, shares of its mean so far, one sigma: its mean over a day, and either part of its daily wave (an amplitude of 0.44 usually). */
const MEAN_PRIOR = 0.6;
const WAVE_PRIOR = 0.35;
/** Load wobbles by this share over tens of minutes, one sigma; bins nearer to each other than twice that say the same thing. */
const WOBBLE = 0.1;
const WOBBLE_MINUTES = 20;

/** What is known of a load whose day was seen in part, as shares of its mean so far. */
export type Wave = {
  /** mean over `[from, to)` minutes after the newest bin: as expected, and one sigma */
  mean(from: number, to: number): { mid: number; sigma: number };
};

/**
 * Load goes round once a day: a level and one wave, fitted to what was seen of it (least squares with a prior, that is Bayesian linear regression with
 * normal priors). A morning's rise foretells noon, and how surely: what the part seen leaves open is the posterior's own spread.
 */
export function waveOf(minutes: Float64Array, load: Float64Array, n: number): Wave | null {
  let usual = 0;
  for (let i = 0; i < n; i += 1) usual += (load[i] ?? 0) / n;
  if (n < 4 || !(usual > 0)) return null;
  const now = minutes[n - 1] ?? 0;
  const apart = (now - (minutes[0] ?? 0)) / (n - 1);
  const weight = 1 / (WOBBLE ** 2 * Math.max(1, (2 * WOBBLE_MINUTES) / Math.max(1e-9, apart)));
  // precision matrix and right side of the normal equations; the prior's mean is the level so far and no wave
  const p = [1 / MEAN_PRIOR ** 2, 0, 0, 0, 1 / WAVE_PRIOR ** 2, 0, 0, 0, 1 / WAVE_PRIOR ** 2];
  const right: Three = [0, 0, 0];
  for (let i = 0; i < n; i += 1) {
    const angle = OMEGA * ((minutes[i] ?? 0) - now);
    const x: Three = [1, Math.cos(angle), Math.sin(angle)];
    const y = (load[i] ?? 0) / usual - 1;
    for (let a = 0; a < 3; a += 1) {
      right[a] = (right[a] ?? 0) + weight * (x[a] ?? 0) * y;
      for (let b = 0; b < 3; b += 1) p[3 * a + b] = (p[3 * a + b] ?? 0) + weight * (x[a] ?? 0) * (x[b] ?? 0);
    }
  }
  const spread = inverse(p);
  const theta = times(spread, right);
  return {
    mean(from, to) {
      const span = Math.max(1e-6, to - from);
      const h: Three = [
        1,
        (Math.sin(OMEGA * to) - Math.sin(OMEGA * from)) / (OMEGA * span),
        (Math.cos(OMEGA * from) - Math.cos(OMEGA * to)) / (OMEGA * span),
      ];
      return { mid: 1 + dot(h, theta), sigma: Math.sqrt(Math.max(0, dot(h, times(spread, h)))) };
    },
  };
}

type Three = [number, number, number];

const dot = (a: Three, b: Three): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

function times(m: readonly number[], v: Three): Three {
  const row = (k: number) => (m[k] ?? 0) * v[0] + (m[k + 1] ?? 0) * v[1] + (m[k + 2] ?? 0) * v[2];
  return [row(0), row(3), row(6)];
}

/** Inverse of a symmetric positive 3 × 3 matrix, by cofactors. */
function inverse(m: readonly number[]): number[] {
  const [a = 1, b = 0, c = 0, , d = 1, e = 0, , , f = 1] = m;
  const [A, B, C] = [d * f - e * e, c * e - b * f, b * e - c * d];
  const k = 1 / (a * A + b * B + c * C);
  const [D, E, F] = [(a * f - c * c) * k, (b * c - a * e) * k, (a * d - b * b) * k];
  return [A * k, B * k, C * k, B * k, D, E, C * k, E, F];
}
