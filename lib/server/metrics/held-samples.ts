import type { Sample } from '#shared/metrics.ts';
import { SAMPLE_WIDTH, writeSample } from './sample-row.ts';

export type Batch = { ids: string[]; rows: Float64Array };

const LEAST = 64;

/** Samples that wait to be stored, oldest first: one row of numbers each, since objects that live for a second are what fills a heap. */
export class HeldSamples {
  readonly #max: number;
  #ids: string[] = [];
  #rows = new Float64Array(LEAST * SAMPLE_WIDTH);

  /** Beyond `max` the oldest are dropped when some are put back. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#ids.length;
  }

  push(nodeId: string, sample: Sample): void {
    this.#grow(this.#ids.length + 1);
    writeSample(this.#rows, this.#ids.length * SAMPLE_WIDTH, sample);
    this.#ids.push(nodeId);
  }

  /** The oldest of them, `most` at most; in memory of its own. */
  take(most: number): Batch {
    const ids = this.#ids.splice(0, most);
    const rows = this.#rows.slice(0, ids.length * SAMPLE_WIDTH);
    this.#rows.copyWithin(0, rows.length, rows.length + this.#ids.length * SAMPLE_WIDTH);
    if (this.#ids.length === 0 && this.#rows.length > 16 * rows.length) this.#rows = new Float64Array(LEAST * SAMPLE_WIDTH);
    return { ids, rows };
  }

  /** In front of those that came meanwhile. */
  putBack({ ids, rows }: Batch): void {
    const drop = Math.max(0, ids.length + this.#ids.length - this.#max);
    const kept = rows.subarray(Math.min(drop, ids.length) * SAMPLE_WIDTH);
    const size = this.#ids.length;
    this.#grow(size + ids.length);
    this.#rows.copyWithin(kept.length, 0, size * SAMPLE_WIDTH);
    this.#rows.set(kept);
    this.#ids = [...ids.slice(drop), ...this.#ids];
  }

  #grow(samples: number): void {
    if (samples * SAMPLE_WIDTH <= this.#rows.length) return;
    const wider = new Float64Array(Math.max(samples * SAMPLE_WIDTH, 2 * this.#rows.length));
    wider.set(this.#rows);
    this.#rows = wider;
  }
}
