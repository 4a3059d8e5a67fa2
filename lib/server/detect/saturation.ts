import type { Sample } from '#shared/metrics.ts';
import type { Life } from './lives.ts';

/** Open fds this close to the limit mean that the proxy refuses: nothing can grow any more. */
const FULL_WITHIN = 2;
/** A life is full now when one of its last rows is: scrapes get lost there, and a tunnel that ends makes room for a moment. */
const FULL_ROWS = 12;
/** a way up shorter than this says nothing, and the rows at the limit are kept */
const MIN_ROWS = 12;

/** Where the life first filled its present limit, if that is where it still is; else its end. What follows is flat and says nothing of the leak. */
export function saturatedFrom(samples: readonly Sample[], { from, to }: Life): number {
  const last = samples[to - 1];
  const full = (row: Sample | undefined) =>
    row !== undefined &&
    row.openFds !== null &&
    row.fdLimit !== null &&
    row.fdLimit === last?.fdLimit &&
    row.openFds >= row.fdLimit - FULL_WITHIN;
  for (let i = to - 1; i >= Math.max(from, to - FULL_ROWS); i -= 1) {
    if (!full(samples[i])) continue;
    let first = from;
    while (first < to && !full(samples[first])) first += 1;
    return first - from >= MIN_ROWS ? first : to;
  }
  return to;
}
