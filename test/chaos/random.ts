import { createRandom } from '#test/fuzz/random.ts';

export type Random = {
  /** a whole number, `least` and `most` included */
  between(least: number, most: number): number;
  pick<T>(of: readonly T[]): T;
};

/** The same choices for the same seed. */
export function seeded(seed: number): Random {
  const { below } = createRandom(seed);
  return {
    between: (least, most) => least + below(most - least + 1),
    pick<T>(of: readonly T[]): T {
      const picked = of[below(of.length)];
      if (picked === undefined) throw new Error('there is nothing to pick from');
      return picked;
    },
  };
}
