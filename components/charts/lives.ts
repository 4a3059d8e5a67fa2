/** Columns over one time axis (epoch seconds), as uPlot takes them. */
export type Columns = { times: number[]; values: (number | null)[][] };

/** Fds counted over SSH come every 15 s: two missed readings are no gap yet. */
const SHORTEST_GAP_SECONDS = 45;

/**
 * Puts an empty row between two process lives and into every gap, so that no line, area or slope crosses one.
 * A gap is more than three times the usual distance of two points.
 */
export function breakLines(times: readonly number[], columns: readonly (readonly (number | null)[])[], starts: readonly number[]): Columns {
  const usual = median(times);
  const gap = Math.max(usual * 3, SHORTEST_GAP_SECONDS);
  const out: Columns = { times: [], values: columns.map(() => []) };
  const push = (time: number, row: number | null) => {
    out.times.push(time);
    out.values.forEach((column, i) => {
      column.push(row === null ? null : (columns[i]?.[row] ?? null));
    });
  };
  let nextStart = 0;
  times.forEach((time, row) => {
    const before = times[row - 1];
    if (before !== undefined) {
      while ((starts[nextStart] ?? Number.POSITIVE_INFINITY) <= before) nextStart += 1;
      const crosses = (starts[nextStart] ?? Number.POSITIVE_INFINITY) <= time;
      if (crosses || time - before > gap) push((before + time) / 2, null);
    }
    push(time, row);
  });
  return out;
}

/** Distance of neighbours, the middle one of at most the last 200. */
function median(times: readonly number[]): number {
  const recent = times.slice(-200);
  const distances = recent.slice(1).map((time, i) => time - (recent[i] ?? time));
  distances.sort((a, b) => a - b);
  return distances[distances.length >> 1] ?? 0;
}

/**
 * Where the explanation is missing (metrics page dead, or a proxy that does not export it) the count alone is known: it is drawn through as a line of its own.
 * Its first and last point touch the explained stretch, so that the line has no hole.
 */
export function splitExplained(
  open: readonly (number | null)[],
  explained: readonly (number | null)[],
): { known: (number | null)[]; counted: (number | null)[] } {
  const isCounted = (i: number) => open[i] !== undefined && open[i] !== null && (explained[i] ?? null) === null;
  const isKnown = (i: number) => (open[i] ?? null) !== null && (explained[i] ?? null) !== null;
  return {
    known: open.map((value, i) => (isKnown(i) ? value : null)),
    counted: open.map((value, i) => (isCounted(i) || (isKnown(i) && (isCounted(i - 1) || isCounted(i + 1))) ? value : null)),
  };
}

/** The point nearest to a time that has data, by bisection; null when there is none. */
export function nearest(times: readonly number[], time: number): number | null {
  if (times.length === 0) return null;
  let [low, high] = [0, times.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= time) low = middle;
    else high = middle;
  }
  return Math.abs((times[low] ?? 0) - time) <= Math.abs((times[high] ?? 0) - time) ? low : high;
}

/** The newest known value of a column, for "now". */
export function lastKnown(values: readonly (number | null)[] | undefined): number | null {
  if (!values) return null;
  for (let i = values.length - 1; i >= Math.max(0, values.length - 4); i -= 1) if ((values[i] ?? null) !== null) return values[i] ?? null;
  return null;
}
