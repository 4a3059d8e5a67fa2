/** Of the stream: a hello of 64 KiB and its header. */
export const MAX_CRYPTO = 65_540;
/** Pieces with gaps between them that are kept apart. */
const MAX_RANGES = 64;
const MIN_BYTES = 2048;

type Range = { start: number; end: number };

/**
 * Bytes of CRYPTO frames, put in order: pieces may come in any order, twice and overlapping. Memory grows with the highest offset that came
 * and is bounded; what overlaps must say the same (RFC 9000 2.2), so that nobody reads another hello here than there.
 */
export class CryptoStream {
  #bytes = Buffer.alloc(0);
  /** in order, with gaps between them */
  #ranges: Range[] = [];

  /** from the beginning, without a gap */
  get contiguous(): Buffer {
    const first = this.#ranges[0];
    return first === undefined || first.start > 0 ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(0, first.end);
  }

  /** bytes of memory that it takes */
  get capacity(): number {
    return this.#bytes.length;
  }

  add(offset: number, data: Buffer): 'ok' | 'too-large' | 'conflict' {
    const end = offset + data.length;
    if (end > MAX_CRYPTO) return 'too-large';
    if (data.length === 0) return 'ok';
    this.#reserve(end);
    const apart: Range[] = [];
    const joined: Range = { start: offset, end };
    for (const range of this.#ranges) {
      if (range.end < offset || range.start > end) {
        apart.push(range);
        continue;
      }
      const [from, to] = [Math.max(range.start, offset), Math.min(range.end, end)];
      if (from < to && this.#bytes.compare(data, from - offset, to - offset, from, to) !== 0) return 'conflict';
      joined.start = Math.min(joined.start, range.start);
      joined.end = Math.max(joined.end, range.end);
    }
    if (apart.length >= MAX_RANGES) return 'too-large';
    this.#bytes.set(data, offset);
    this.#ranges = [...apart, joined].sort((a, b) => a.start - b.start);
    return 'ok';
  }

  #reserve(end: number): void {
    if (end <= this.#bytes.length) return;
    const grown = Buffer.alloc(Math.min(MAX_CRYPTO, Math.max(end, MIN_BYTES, 2 * this.#bytes.length)));
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}
