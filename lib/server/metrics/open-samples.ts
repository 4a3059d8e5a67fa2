import { decodeChunk, encodeChunk, MAX_CHUNK_SAMPLES } from './chunk.ts';
import { AT, SAMPLE_WIDTH } from './sample-row.ts';

/** Samples of a chunk, told apart by node so that nodes that began together do not close theirs together. */
const CHUNK_SAMPLES = 64;
const CHUNK_SAMPLES_MORE = 32;
/** A chunk spans no more, and those that begin so long before a range may reach into it. */
export const CHUNK_SPAN_MS = 3_600_000;
/** The journal holds no more ticks than this, also for nodes that say little: about 15 minutes at one a second. */
const JOURNAL_TICKS = 900;

/** Of them so many are rows of doubles, 144 bytes each; the others are packed, about 25 each. */
const UNPACKED = 16;

/** The newest samples of one node, in the order in which they came; the journal has them, no chunk does yet. */
export class OpenSamples {
  readonly #newest = new Float64Array(UNPACKED * SAMPLE_WIDTH);
  /** of UNPACKED rows each, older than #newest */
  readonly #packed: Uint8Array[] = [];
  /** of all of them, the packed ones too */
  readonly #times: number[] = [];
  readonly #limit: number;
  /** of the journal: the tick of the oldest of them */
  readonly firstTick: number;

  constructor(node: number, firstTick: number) {
    this.firstTick = firstTick;
    this.#limit = CHUNK_SAMPLES + ((node * 7) % CHUNK_SAMPLES_MORE);
  }

  push(row: Float64Array): void {
    const unpacked = this.#unpacked;
    if (unpacked === UNPACKED) this.#packed.push(encodeChunk(this.#newest));
    this.#newest.set(row, (unpacked % UNPACKED) * SAMPLE_WIDTH);
    this.#times.push(row[AT] ?? 0);
  }

  /** made anew for each caller */
  get rows(): Float64Array {
    const rows = new Float64Array(this.#times.length * SAMPLE_WIDTH);
    let end = 0;
    for (const chunk of this.#packed) end = decodeChunk(chunk, 0, rows, end);
    rows.set(this.#newest.subarray(0, this.#unpacked * SAMPLE_WIDTH), end);
    return rows;
  }

  /** It should be written as chunks, and the next sample begin anew. */
  isFull(tick: number): boolean {
    const times = this.#times;
    const span = (times.at(-1) ?? 0) - (times[0] ?? 0);
    return times.length >= this.#limit || tick - this.firstTick > JOURNAL_TICKS || span < 0 || span > CHUNK_SPAN_MS / 2;
  }

  has(at: number): boolean {
    return this.#times.includes(at);
  }

  newestBefore(beforeMs: number): boolean {
    return this.#times.every((at) => at < beforeMs);
  }

  /** Each in time order, within the span of a chunk; a clock set back begins another one. */
  *chunks(): Generator<Float64Array> {
    const [rows, times] = [this.rows, this.#times];
    let from = 0;
    for (let i = 1; i <= times.length; i++) {
      const at = times[i] ?? Number.NaN;
      const goesOn = at > (times[i - 1] ?? 0) && at - (times[from] ?? 0) <= CHUNK_SPAN_MS;
      if (goesOn && i - from < MAX_CHUNK_SAMPLES) continue;
      yield rows.subarray(from * SAMPLE_WIDTH, i * SAMPLE_WIDTH);
      from = i;
    }
  }

  get #unpacked(): number {
    return this.#times.length - this.#packed.length * UNPACKED;
  }
}
