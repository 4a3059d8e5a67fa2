// What a node says of itself may be wrong by accident or on purpose: a number that cannot be is not known, as a NaN is. One node's nonsense
// must never spoil the answer about all of them: an instant beyond what dates hold cannot even be written down.

/** 2100-01-01, epoch ms: no process started later, and milliseconds written where seconds are due lie far beyond. */
const LATEST_START_MS = 4_102_444_800_000;
/** Linux counts fds in a signed int; fs.nr_open is at most this. */
const MOST_FDS = 2 ** 31 - 1;

export const plausibleStart = (epochMs: number | null): number | null =>
  epochMs !== null && epochMs > 0 && epochMs <= LATEST_START_MS ? epochMs : null;

export const plausibleFds = (count: number | null): number | null => (count !== null && count >= 0 && count <= MOST_FDS ? count : null);

/** Counters, gauges, bytes and seconds: never below 0, and counted exactly. */
export const plausibleFigure = (value: number | null): number | null =>
  value !== null && value >= 0 && value <= Number.MAX_SAFE_INTEGER ? value : null;
