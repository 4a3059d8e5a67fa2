import { MAX_CHUNK_SAMPLES } from './chunk.ts';
import { AT, SAMPLE_WIDTH } from './sample-row.ts';

/** Samples of a chunk, told apart by node so that nodes that began together do not close theirs together. */
const CHUNK_SAMPLES = 64;
const CHUNK_SAMPLES_MORE = 32;
/** A chunk spans no more, and those that begin so long before a range may reach into it. */
export const CHUNK_SPAN_MS = 3_600_000;
/** The journal holds no more ticks than this, also for nodes that say little: about 15 minutes at one a second. */
const JOURNAL_TICKS = 900;

/** The newest samples of one node, in the order in which they came; the journal has them, no chunk does yet. */
export class OpenSamples {
  #rows = new Float64Array(16 * SAMPLE_WIDTH);
  #count = 0;
  readonly #limit: number;
  /** of the journal: the tick of the oldest of them; Infinity when there are none */
  firstTick = Number.POSITIVE_INFINITY;

  constructor(node: number) {
    this.#limit = CHUNK_SAMPLES + ((node * 7) % CHUNK_SAMPLES_MORE);
  }

  push(tick: number, row: Float64Array): void {
    if ((this.#count + 1) * SAMPLE_WIDTH > this.#rows.length) {
      const wider = new Float64Array(this.#rows.length * 2);
      wider.set(this.#rows);
      this.#rows = wider;
    }
    this.#rows.set(row, this.#count * SAMPLE_WIDTH);
    if (this.#count === 0) this.firstTick = tick;
    this.#count++;
  }

  get rows(): Float64Array {
    return this.#rows.subarray(0, this.#count * SAMPLE_WIDTH);
  }

  /** It should be written as chunks and cleared. */
  isFull(tick: number): boolean {
    if (this.#count === 0) return false;
    const span = this.#at(this.#count - 1) - this.#at(0);
    return this.#count >= this.#limit || tick - this.firstTick > JOURNAL_TICKS || span < 0 || span > CHUNK_SPAN_MS / 2;
  }

  has(at: number): boolean {
    for (let i = 0; i < this.#count; i++) if (this.#at(i) === at) return true;
    return false;
  }

  newestBefore(beforeMs: number): boolean {
    for (let i = 0; i < this.#count; i++) if (this.#at(i) >= beforeMs) return false;
    return this.#count > 0;
  }

  /** Each in time order, within the span of a chunk; a clock set back begins another one. */
  *chunks(): Generator<Float64Array> {
    let from = 0;
    for (let i = 1; i <= this.#count; i++) {
      const goesOn = i < this.#count && this.#at(i) > this.#at(i - 1) && this.#at(i) - this.#at(from) <= CHUNK_SPAN_MS;
      if (goesOn && i - from < MAX_CHUNK_SAMPLES) continue;
      yield this.#rows.subarray(from * SAMPLE_WIDTH, i * SAMPLE_WIDTH);
      from = i;
    }
  }

  clear(): void {
    this.#count = 0;
    this.firstTick = Number.POSITIVE_INFINITY;
  }

  #at = (i: number): number => this.#rows[i * SAMPLE_WIDTH + AT] ?? 0;
}
