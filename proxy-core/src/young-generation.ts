import v8 from 'node:v8';

/** Both halves together. Connections die young in it, some 1,500 to a collection of a third of a millisecond. */
const WANTED_BYTES = 16 * 1024 * 1024;
/** V8 shrinks it to this, and tells half of it for a moment. */
const LEAST_BYTES = 2 * 1024 * 1024;
const LOOK_MS = 250;
/** Connections between two looks. V8 shrinks it at less than a MB of garbage a second; these leave some four, so that the two do not quarrel. */
const BUSY = 150;
/** V8 grows it when as much as it holds has survived; an object of ours takes some 60 bytes. */
const SURVIVORS = 40_000;

/**
 * Keeps V8's young generation at its size. By itself it lets one grow to 128 MiB after a burst and never gives that back; and it lets one
 * that had little to do (an idle time, a few large transfers) shrink to 2 MiB, where every further connection pays ten times the
 * collections. So growth is allowed in one step up to what is wanted, no further; and as hardly anything of a connection survives, which
 * is what V8 grows by, survivors are made once traffic is back. `accepted` tells how many connections there were. Returns how to stop.
 */
export function tendYoungGeneration(accepted: () => number): () => void {
  let factor = 0;
  let before = accepted();
  const look = () => {
    const size = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? WANTED_BYTES;
    const wanted = growthFactor(size);
    const came = accepted() - before;
    before += came;
    if (wanted !== factor) v8.setFlagsFromString(`--semi-space-growth-factor=${wanted}`);
    factor = wanted;
    if (wanted > 1 && came >= BUSY) Array.from({ length: SURVIVORS }, (_, n) => ({ n }));
  };
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** By what V8 may multiply a young generation of `size` bytes: 1 = it is large enough. */
export const growthFactor = (size: number): number => Math.max(1, Math.floor(WANTED_BYTES / Math.max(size, LEAST_BYTES)));
