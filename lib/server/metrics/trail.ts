import type { Sample } from '#shared/metrics.ts';
import { CELL, type Cells } from './cells.ts';
import { chunkSamples, decodeChunk, MAX_CHUNK_SAMPLES, packChunk } from './chunk.ts';
import { AT, readSample, SAMPLE_WIDTH } from './sample-row.ts';

/** The newest samples are rows of doubles, 144 bytes each; so many of them join the newest chunk, where they take 10 to 20. */
const OPEN = 8;
/** Upper bound of one trail, reached only by samples much more often than one a second: the oldest go then. */
const MAX_CHUNKS = 256;

const decoded = new Float64Array(MAX_CHUNK_SAMPLES * SAMPLE_WIDTH);

/** Samples of one node in time order that forget by age: chunks that fill their cells, and the newest as rows behind them. */
export class Trail {
  readonly #cells: Cells;
  readonly #keepMs: number;
  #chunks: { cell: number; firstAt: number; lastAt: number }[] = [];
  readonly #open = new Float64Array(OPEN * SAMPLE_WIDTH);
  #rows = 0;

  constructor(cells: Cells, { keepMs }: { keepMs: number }) {
    this.#cells = cells;
    this.#keepMs = keepMs;
  }

  push(row: Float64Array): void {
    if (this.#rows === OPEN) this.#close();
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
    for (const { cell, firstAt, lastAt } of this.#chunks) if (lastAt >= from && firstAt < toMs) take(decoded, this.#decode(cell));
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

  /** Into `decoded`; how many samples. */
  #decode(cell: number): number {
    return decodeChunk(this.#cells.slab(cell), this.#cells.offset(cell), decoded, 0) / SAMPLE_WIDTH;
  }

  #close(): void {
    const oldest = this.#oldest();
    let gone = 0;
    while ((this.#chunks[gone]?.lastAt ?? Number.POSITIVE_INFINITY) < oldest) gone++;
    this.#forget(Math.max(gone, this.#chunks.length + 1 - MAX_CHUNKS));
    if (!this.#join()) this.#keep(this.#open);
    this.#rows = 0;
  }

  /** Behind the samples of the newest chunk, where its cell has the room. */
  #join(): boolean {
    const newest = this.#chunks.at(-1);
    if (!newest) return false;
    const { cell } = newest;
    const before = chunkSamples(this.#cells.slab(cell), this.#cells.offset(cell));
    if (before + OPEN > MAX_CHUNK_SAMPLES) return false;
    this.#decode(cell);
    decoded.set(this.#open, before * SAMPLE_WIDTH);
    const bytes = packChunk(decoded.subarray(0, (before + OPEN) * SAMPLE_WIDTH));
    if (bytes.length > CELL) return false;
    this.#cells.write(cell, bytes);
    newest.lastAt = lastAtOf(this.#open);
    return true;
  }

  /** As one chunk, or as halves where that is more than a cell holds. */
  #keep(rows: Float64Array): void {
    const bytes = packChunk(rows);
    if (bytes.length > CELL) {
      const middle = Math.floor(rows.length / SAMPLE_WIDTH / 2) * SAMPLE_WIDTH;
      this.#keep(rows.subarray(0, middle));
      this.#keep(rows.subarray(middle));
      return;
    }
    this.#chunks.push({ cell: this.#cells.put(bytes), firstAt: rows[AT] ?? 0, lastAt: lastAtOf(rows) });
  }

  #forget(count: number): void {
    for (const { cell } of this.#chunks.splice(0, Math.max(0, count))) this.#cells.drop(cell);
  }
}

const lastAtOf = (rows: Float64Array): number => rows[rows.length - SAMPLE_WIDTH + AT] ?? 0;
