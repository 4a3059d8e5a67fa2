import type { Bins } from './bins.ts';
import { keepsRising } from './shape.ts';
import { median } from './slope.ts';

/**
 * Tunnels that never end are counted as active, so nothing is unexplained; but by Little's law (Little 1961) the number of tunnels is the accept
 * rate times how long they stay. When the stay only grows, tunnels pile up: long-lived clients still arriving, or stuck ones.
 */
export type Pile = {
  /** stay now over stay in the early life */
  growth: number;
  /** fds in tunnels beyond the early stay, now */
  excessFds: number;
  /** still growing within the last hours, not levelled off */
  goesOn: boolean;
  /** through all quarters of the life */
  steady: boolean;
  /** open fds without those of the tunnels that the early stay explains */
  unexplained: Float64Array;
};

const MIN_BINS = 12;
/** the stay of the early life is taken from this part of the window */
const EARLY_SHARE = 0.12;
const EARLY_MINUTES = 45;
/** "still growing" is asked about this many last minutes, or this share of the window */
const RECENT_MINUTES = 165;
const RECENT_SHARE = 0.35;
/** ... and means at least this share of all growth, or a jump */
const GOES_ON_SHARE = 0.22;
/** ... beyond this many sigmas of what tunnels that come and go by chance (Poisson) differ by */
const GOES_ON_SIGMAS = 1;
/** Tunnels that came at once and stayed: this share of all that are too many, and this many times what they usually change by. */
const JUMP_SHARE = 0.08;
const JUMP_NOISES = 3;

export function pileOf(bins: Bins): Pile | null {
  const { n, live, minutes, accepted } = bins;
  if (n < MIN_BINS || (accepted[n - 1] ?? 0) <= 0) return null;
  const rate = acceptRate(bins);
  const stay = new Float64Array(n);
  const floor = (0.1 * (accepted[n - 1] ?? 0)) / Math.max(1, bins.span);
  for (let i = 0; i < n; i += 1) stay[i] = (live[i] ?? 0) / Math.max(floor, rate[i] ?? 0);
  const early = median(stay.subarray(1, 1 + Math.max(3, countUntil(minutes, n, Math.max(EARLY_MINUTES, EARLY_SHARE * bins.span)))));
  const late = median(stay.subarray(n - 3, n));
  if (early <= 0) return null;
  const since = (minutes[n - 1] ?? 0) - Math.max(RECENT_MINUTES, RECENT_SHARE * bins.span);
  const at = countUntil(minutes, n, since);
  const unexplained = new Float64Array(n);
  const excess = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    unexplained[i] = (bins.open[i] ?? 0) - 2 * early * (rate[i] ?? 0);
    excess[i] = (live[i] ?? 0) - early * (rate[i] ?? 0);
  }
  const excessNow = median(excess.subarray(n - 3, n));
  const excessThen = at < 2 ? 0 : median(excess.subarray(Math.max(0, at - 2), at + 1));
  return {
    growth: late / early,
    excessFds: 2 * excessNow,
    goesOn:
      jumps(live, at, n, excessNow) ||
      excessNow - excessThen > Math.max(GOES_ON_SHARE * excessNow, GOES_ON_SIGMAS * Math.sqrt(Math.max(0, excessNow + excessThen))),
    steady: keepsRising(stay, n),
    unexplained,
  };
}

/** Many tunnels came at once and stayed, within the bins from `from` on. */
function jumps(live: Float64Array, from: number, n: number, excess: number): boolean {
  const steps = new Float64Array(Math.max(0, n - 2));
  for (let i = 0; i + 2 < n; i += 1) steps[i] = (live[i + 2] ?? 0) - (live[i] ?? 0);
  const usual = 1.4826 * median(steps.map(Math.abs));
  const enough = Math.max(JUMP_SHARE * excess, JUMP_NOISES * usual);
  for (let i = Math.max(0, from - 1); i + 2 < n; i += 1) if ((steps[i] ?? 0) > enough) return true;
  return false;
}

/** Accepted per minute around each bin (three bins wide, so that a quiet bin does not divide by nothing). */
function acceptRate({ n, minutes, accepted }: Bins): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const [a, b] = [Math.max(0, i - 2), Math.min(n - 1, i + 1)];
    const over = (minutes[b] ?? 0) - (minutes[a] ?? 0);
    out[i] = over > 0 ? ((accepted[b] ?? 0) - (accepted[a] ?? 0)) / over : 0;
  }
  return out;
}

function countUntil(minutes: Float64Array, n: number, until: number): number {
  let k = 0;
  while (k < n && (minutes[k] ?? 0) <= until) k += 1;
  return k;
}
