import type { Sample } from '#shared/metrics.ts';
import { CELL, type Cells } from './cells.ts';
import { decodeChunk, encodeChunk } from './chunk.ts';
import { AT, readSample, SAMPLE_WIDTH } from './sample-row.ts';

/** Samples of a chunk at most; the open ones are rows of doubles, 144 bytes each. */
const MOST = 64;
/** Upper bound of one trail, reached only by samples much more often than one a second: the oldest go then. */
const MAX_CHUNKS = 512;

const decoded = new Float64Array(MOST * SAMPLE_WIDTH);

/** Samples of one node in time order that forget by age: chunks in cells, and the newest as rows behind them. */
export class Trail {
  readonly #cells: Cells;
  readonly #keepMs: number;
  #chunks: { cell: number; firstAt: number; lastAt: number }[] = [];
  readonly #open: Float64Array;
  #rows = 0;

  /** `chunk`: samples of one, 64 at most; best as many as fill a cell */
  constructor(cells: Cells, { keepMs, chunk }: { keepMs: number; chunk: number }) {
    this.#cells = cells;
    this.#keepMs = keepMs;
    this.#open = new Float64Array(Math.min(chunk, MOST) * SAMPLE_WIDTH);
  }

  push(row: Float64Array): void {
    if (this.#rows * SAMPLE_WIDTH === this.#open.length) this.#close();
    this.#open.set(row, this.#rows * SAMPLE_WIDTH);
    this.#rows++;
  }

  /** Those of [fromMs, toMs), behind what `into` has. */
  range(fromMs: number, toMs: number, into: Sample[] = []): Sample[] {
    const from = Math.max(fromMs, this.#oldest());
    const take = (rows: Float64Array, count: number) => {
      for (let row = 0; row < count; row++) {
        const at = rows[row * SAMPLE_WIDTH + AT] ?? 0;
        if (at >= from && at < toMs) into.push(readSample(rows, row * SAMPLE_WIDTH));
      }
    };
    for (const { cell, firstAt, lastAt } of this.#chunks)
      if (lastAt >= from && firstAt < toMs)
        take(decoded, decodeChunk(this.#cells.slab(cell), this.#cells.offset(cell), decoded, 0) / SAMPLE_WIDTH);
    take(this.#open, this.#rows);
    return into;
  }

  /** Infinity when empty. */
  firstAt(): number {
    const from = this.#oldest();
    const chunk = this.#chunks.find(({ lastAt }) => lastAt >= from);
    if (chunk && chunk.firstAt >= from) return chunk.firstAt;
    return this.range(from, Number.POSITIVE_INFINITY)[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  newest(): Float64Array | null {
    return this.#rows === 0 ? null : this.#open.subarray((this.#rows - 1) * SAMPLE_WIDTH, this.#rows * SAMPLE_WIDTH);
  }

  clear(): void {
    this.#forget(this.#chunks.length);
    this.#rows = 0;
  }

  #oldest = (): number => (this.newest()?.[AT] ?? Number.POSITIVE_INFINITY) - this.#keepMs;

  #close(): void {
    const oldest = this.#oldest();
    let gone = 0;
    while ((this.#chunks[gone]?.lastAt ?? Number.POSITIVE_INFINITY) < oldest) gone++;
    this.#forget(Math.max(gone, this.#chunks.length + 1 - MAX_CHUNKS));
    this.#keep(this.#open);
    this.#rows = 0;
  }

  /** As one chunk, or as halves where that is more than a cell holds. */
  #keep(rows: Float64Array): void {
    const bytes = encodeChunk(rows);
    if (bytes.length > CELL) {
      const middle = Math.floor(rows.length / SAMPLE_WIDTH / 2) * SAMPLE_WIDTH;
      this.#keep(rows.subarray(0, middle));
      this.#keep(rows.subarray(middle));
      return;
    }
    const lastAt = rows[rows.length - SAMPLE_WIDTH + AT] ?? 0;
    this.#chunks.push({ cell: this.#cells.put(bytes), firstAt: rows[AT] ?? 0, lastAt });
  }

  #forget(count: number): void {
    for (const { cell } of this.#chunks.splice(0, Math.max(0, count))) this.#cells.drop(cell);
  }
}
