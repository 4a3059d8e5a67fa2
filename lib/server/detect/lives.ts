import type { Sample } from '#shared/metrics.ts';

/** The rows `[from, to)` of one node's history that belong to one process life. */
export type Life = { from: number; to: number; processStart: number | null };

/** Process starts are rounded to the second by their sources and derived from jiffies by others: closer than this is the same start. */
const SAME_START_MS = 2_500;

const sameLife = (a: Sample, b: Sample): boolean =>
  a.processStart === null || b.processStart === null || Math.abs(a.processStart - b.processStart) <= SAME_START_MS;

/**
 * The newest process life in `samples[0, end)`, newest rows last. Rows whose process start is unknown belong to the life around them.
 * Slopes never cross a process start, so everything that judges begins here. Nor do they cross a clock that was set back: rows out of order say
 * nothing of time, and only those after the last step back are taken. One pass over the life.
 */
export function lastLife(samples: readonly Sample[], end = samples.length): Life {
  let anchor = end - 1;
  while (anchor >= 0 && samples[anchor]?.processStart === null) anchor -= 1;
  const reference = samples[anchor];
  if (!reference) return { from: inOrderFrom(samples, 0, end), to: end, processStart: null };
  let low = 0;
  let high = anchor;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = knownBefore(samples, middle, low);
    if (row === null || sameLife(row, reference)) high = middle;
    else low = middle + 1;
  }
  return { from: inOrderFrom(samples, low, end), to: end, processStart: reference.processStart };
}

/** First row from which on, up to `end`, time never goes back. */
function inOrderFrom(samples: readonly Sample[], from: number, end: number): number {
  let later = samples[end - 1]?.at ?? 0;
  for (let i = end - 2; i >= from; i -= 1) {
    const at = samples[i]?.at ?? 0;
    if (at > later) return i + 1;
    later = at;
  }
  return from;
}

/** The nearest row at or before `index` (not before `floor`) that knows its process start. */
function knownBefore(samples: readonly Sample[], index: number, floor: number): Sample | null {
  for (let i = index; i >= floor; i -= 1) {
    const row = samples[i];
    if (row && row.processStart !== null) return row;
  }
  return null;
}

/** All lives, oldest first. */
export function livesOf(samples: readonly Sample[]): Life[] {
  const lives: Life[] = [];
  for (let end = samples.length; end > 0; ) {
    const life = lastLife(samples, end);
    lives.unshift(life);
    end = life.from;
  }
  return lives;
}

/** First index in `[from, to)` whose sample is at or after `atMs`; `to` when none is. */
export function firstAt(samples: readonly Sample[], atMs: number, from = 0, to = samples.length): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((samples[middle]?.at ?? Number.POSITIVE_INFINITY) >= atMs) high = middle;
    else low = middle + 1;
  }
  return low;
}
