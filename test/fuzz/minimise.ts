import { Coverage } from './coverage.ts';
import { createRandom } from './random.ts';
import type { Target } from './targets.ts';

/** Larger inputs are left as they are: the repository holds the small ones. */
const LARGEST_SAVED = 2048;
/** Cutting finer costs more than it saves. */
const SMALLEST_CUT = 16;

/** The fewest and shortest of the inputs that together run the same code: shortest first, each kept only for what it adds, then cut down. */
export function minimise(target: Target, inputs: readonly Buffer[]): Buffer[] {
  const coverage = new Coverage();
  const runs = (input: Buffer, remember: boolean) => {
    try {
      target.run(input, createRandom(1));
    } catch {
      // a finding is reported where it is found
    }
    return coverage.take(remember);
  };
  const kept: Buffer[] = [];
  for (const input of [...inputs].filter(({ length }) => length <= LARGEST_SAVED).sort((a, b) => a.length - b.length)) {
    const adds = runs(input, false);
    if (adds === 0) continue;
    let small = input;
    for (let size = small.length >> 1; size >= SMALLEST_CUT; size >>= 1)
      for (let at = 0; at + size <= small.length; ) {
        const shorter = Buffer.concat([small.subarray(0, at), small.subarray(at + size)]);
        if (runs(shorter, false) >= adds) small = shorter;
        else at += size;
      }
    runs(small, true);
    kept.push(small);
  }
  coverage.close();
  return kept;
}
