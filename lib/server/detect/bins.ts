import type { Sample } from '#shared/metrics.ts';
import { beyondTraffic, liveTunnels } from './explain.ts';

/** A window of one process life in at most 60 equal time bins; bins without rows are left out, so gaps stay gaps. */
export type Bins = {
  /** number of bins */
  n: number;
  /** mean time of the rows of a bin, minutes since the first row of the window */
  minutes: Float64Array;
  /** fds beyond live connections and idle pool (baseline included); open fds where the node gives no connections */
  beyond: Float64Array;
  /** open fds */
  open: Float64Array;
  /** live tunnels; 0 where unknown */
  live: Float64Array;
  /** connections accepted since the first row of the window, at the last row of a bin; 0 where unknown */
  accepted: Float64Array;
  /** accepted per minute in a bin; 0 where unknown */
  rate: Float64Array;
  /** from first to last row, minutes */
  span: number;
  /** rows in the window, before thinning */
  rows: number;
};

export const MAX_BINS = 40;
/** Rows looked at per bin: enough for a steady middle, and the cost no longer depends on how old the process is. */
const ROWS_PER_BIN = 15;
const MIN_ROWS_PER_BIN = 3;
/** A short window has this many bins even where that leaves one row each. */
const SHORT_BINS = 12;

/** Mean of the middle half: as robust against spikes as a median, and not quantised where counts move in steps of two. Sorts `values[0, n)`. */
export function midmean(values: Float64Array, n: number): number {
  for (let i = 1; i < n; i += 1) {
    const value = values[i] ?? 0;
    let j = i - 1;
    while (j >= 0 && (values[j] ?? 0) > value) {
      values[j + 1] = values[j] ?? 0;
      j -= 1;
    }
    values[j + 1] = value;
  }
  const cut = n >> 2;
  let sum = 0;
  for (let i = cut; i < n - cut; i += 1) sum += values[i] ?? 0;
  return sum / (n - 2 * cut);
}

/** Connections accepted between two readings of the counter; a counter that fell has restarted from 0. */
export const acceptedBetween = (before: number, after: number): number => (after >= before ? after - before : after);

/** Bins of `samples[from, to)`, which must lie in one process life. Rows without open fds are skipped. */
export function binWindow(samples: readonly Sample[], from: number, to: number, max = MAX_BINS): Bins {
  const first = samples[from];
  const last = samples[to - 1];
  const rows = to - from;
  const wanted = Math.max(1, Math.min(max, Math.max(Math.min(rows, SHORT_BINS), Math.floor(rows / MIN_ROWS_PER_BIN))));
  const bins: Bins = {
    n: 0,
    minutes: new Float64Array(wanted),
    beyond: new Float64Array(wanted),
    open: new Float64Array(wanted),
    live: new Float64Array(wanted),
    accepted: new Float64Array(wanted),
    rate: new Float64Array(wanted),
    span: first && last ? (last.at - first.at) / 60_000 : 0,
    rows,
  };
  if (!first || !last || last.at <= first.at) return bins;
  const stride = Math.max(1, Math.floor(rows / (wanted * ROWS_PER_BIN)));
  const width = (last.at - first.at) / wanted;
  const scratch = new Float64Array(3 * (Math.ceil(rows / stride) + 1));
  const lane = scratch.length / 3;
  const [beyond, open, live] = [scratch.subarray(0, lane), scratch.subarray(lane, 2 * lane), scratch.subarray(2 * lane)];
  let at = 0;
  let n = 0;
  let time = 0;
  let counter: number | null = null;
  let accepted = 0;
  let lastAt = first.at;
  let closedAt = first.at;
  let closedAccepted = 0;
  const close = () => {
    if (n < 2 && wanted > 1 && rows > 2 * wanted) return;
    const k = bins.n;
    bins.minutes[k] = (time / n - first.at) / 60_000;
    bins.beyond[k] = midmean(beyond, n);
    bins.open[k] = midmean(open, n);
    bins.live[k] = midmean(live, n);
    bins.accepted[k] = accepted;
    const minutes = (lastAt - closedAt) / 60_000;
    bins.rate[k] = minutes > 0 ? (accepted - closedAccepted) / minutes : 0;
    closedAt = lastAt;
    closedAccepted = accepted;
    bins.n += 1;
  };
  for (let i = from; i < to; i += stride) {
    const row = samples[i];
    if (!row || row.openFds === null) continue;
    const bin = Math.min(wanted - 1, Math.floor((row.at - first.at) / width));
    if (bin !== at) {
      if (n > 0) close();
      at = bin;
      n = 0;
      time = 0;
    }
    if (row.acceptedTotal !== null) {
      if (counter !== null) accepted += acceptedBetween(counter, row.acceptedTotal);
      counter = row.acceptedTotal;
    }
    beyond[n] = beyondTraffic(row);
    open[n] = row.openFds;
    live[n] = liveTunnels(row) ?? 0;
    time += row.at;
    lastAt = row.at;
    n += 1;
  }
  if (n > 0) close();
  return bins;
}
