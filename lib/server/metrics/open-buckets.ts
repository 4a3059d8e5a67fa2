import { BUCKET_WIDTH, bucketOfSample, bucketStart, bucketTakes, foldBucket } from './bucket-row.ts';
import { PROCESS_START } from './sample-row.ts';
import { TIERS } from './tiers.ts';

/** Where a bucket goes that takes no more samples. */
export type Store = (tier: number, node: number, bucket: Float64Array) => void;

/**
 * The buckets that still take samples: one a node and tier, in memory only.
 *
 * Invariant that their owner keeps: whenever a raw sample of a node is committed, every bucket of that node that ended before it is
 * committed too. So the open ones can be rebuilt from the raw samples since the start of the widest open span.
 */
export class OpenBuckets {
  #open = new Map<number, (Float64Array | null)[]>();
  readonly #single = new Float64Array(BUCKET_WIDTH);

  /** A sample newer than all before it of its node. */
  fold(node: number, row: Float64Array, store: Store): void {
    const open = this.#open.get(node) ?? TIERS.map(() => null);
    this.#open.set(node, open);
    TIERS.forEach(({ spanMs }, tier) => {
      const single = bucketOfSample(spanMs, row, 0, this.#single);
      const before = open[tier];
      if (before && bucketTakes(before, bucketStart(single), row[PROCESS_START])) foldBucket(before, single);
      else {
        if (before) store(tier, node, before);
        open[tier] = single.slice();
      }
    });
  }

  /** Those whose span is over, also of nodes that say nothing any more. */
  closeEnded(nowMs: number, store: Store): void {
    for (const [node, open] of this.#open)
      TIERS.forEach(({ spanMs }, tier) => {
        const bucket = open[tier];
        if (!bucket || bucketStart(bucket) + spanMs > nowMs) return;
        store(tier, node, bucket);
        open[tier] = null;
      });
  }

  within(node: number, tier: number, fromMs: number, toMs: number): Float64Array[] {
    const bucket = this.#open.get(node)?.[tier];
    return bucket && bucketStart(bucket) >= fromMs && bucketStart(bucket) < toMs ? [bucket] : [];
  }

  drop(node: number): void {
    this.#open.delete(node);
  }

  clear(): void {
    this.#open.clear();
  }
}
