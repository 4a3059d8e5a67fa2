import v8 from 'node:v8';

/** Both halves together. Connections die young in it, some 1,500 to a collection of a third of a millisecond. */
const WANTED_BYTES = 16 * 1024 * 1024;
/** V8 shrinks it to this, and tells half of it for a moment. */
const LEAST_BYTES = 2 * 1024 * 1024;
const LOOK_MS = 500;

/**
 * Keeps V8's young generation at its size. By itself it lets one grow to 128 MiB after a burst and never gives that back; and it lets one that was idle
 * shrink to 2 MiB, from where, growing forbidden, every further connection would pay ten times the collections. So growth is allowed in one step up
 * to what is wanted, and no further. Returns how to stop.
 */
export function tendYoungGeneration(): () => void {
  let factor = 0;
  const look = () => {
    const size = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? WANTED_BYTES;
    const wanted = growthFactor(size);
    if (wanted === factor) return;
    factor = wanted;
    v8.setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  };
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(timer);
}

/** By what V8 may multiply a young generation of `size` bytes: 1 = it is large enough. */
export const growthFactor = (size: number): number => Math.max(1, Math.floor(WANTED_BYTES / Math.max(size, LEAST_BYTES)));
