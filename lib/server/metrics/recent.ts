import type { Sample } from '#shared/metrics.ts';
import { decodeChunk, encodeChunk } from './chunk.ts';
import { AT, readSample, SAMPLE_WIDTH, THIN_MS, writeSample } from './sample-row.ts';

/**
 * The newest samples of each node, for judging without a query: all of the last `keepMs`, and one a minute of the last `thinKeepMs`.
 * About 100 KiB a node at one sample in 5 s, 2 h and 30 h.
 */
export function createRecentSamples({ keepMs, thinKeepMs }: { keepMs: number; thinKeepMs: number }) {
  const nodes = new Map<string, { full: Trail; thin: Trail; last: Sample }>();
  return {
    /** Samples of a node come in time order; one older than the last (a clock set back) makes it start anew. */
    push(nodeId: string, sample: Sample): void {
      let node = nodes.get(nodeId);
      if (!node || sample.at < node.last.at) {
        node = { full: new Trail(keepMs), thin: new Trail(thinKeepMs), last: sample };
        nodes.set(nodeId, node);
        node.thin.push(sample);
      } else if (sample.at === node.last.at) return;
      node.full.push(sample);
      node.last = node.full.last() ?? sample;
      const thin = node.thin.last();
      if (!thin || minuteOf(sample.at) !== minuteOf(thin.at) || sample.processStart !== thin.processStart) node.thin.push(sample);
    },
    since(nodeId: string, sinceMs: number): Sample[] {
      const node = nodes.get(nodeId);
      if (!node) return [];
      const fullFrom = node.full.firstAt();
      const samples = sinceMs < fullFrom ? node.thin.range(sinceMs, fullFrom) : [];
      return node.full.range(sinceMs, Number.POSITIVE_INFINITY, samples);
    },
    last: (nodeId: string): Sample | null => nodes.get(nodeId)?.last ?? null,
    drop: (nodeId: string) => void nodes.delete(nodeId),
  };
}

const minuteOf = (at: number): number => Math.floor(at / THIN_MS);

/** Samples of one chunk; the open ones are rows of doubles, 5.6 KiB. */
const CHUNK = 40;
const FIRST_BYTES = 512;
/** Upper bound of one trail, reached only by samples much more often than one a second: the oldest go then. */
const MAX_BYTES = 512 * 1024;

const decoded = new Float64Array(CHUNK * SAMPLE_WIDTH);

/** Samples in time order that forget by age: encoded chunks one behind the other, and the open rows behind them. */
class Trail {
  readonly #keepMs: number;
  #bytes = new Uint8Array(FIRST_BYTES);
  #used = 0;
  /** of each chunk: where it begins, and the times of its first and last sample */
  #chunks: { from: number; firstAt: number; lastAt: number }[] = [];
  #open = new Float64Array(CHUNK * SAMPLE_WIDTH);
  #rows = 0;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  push(sample: Sample): void {
    if (this.#rows === CHUNK) this.#close();
    writeSample(this.#open, this.#rows * SAMPLE_WIDTH, sample);
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
    for (const chunk of this.#chunks)
      if (chunk.lastAt >= from && chunk.firstAt < toMs) take(decoded, decodeChunk(this.#bytes, chunk.from, decoded, 0) / SAMPLE_WIDTH);
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

  last = (): Sample | null => (this.#rows === 0 ? null : readSample(this.#open, (this.#rows - 1) * SAMPLE_WIDTH));

  #oldest = (): number => (this.#open[(this.#rows - 1) * SAMPLE_WIDTH + AT] ?? Number.POSITIVE_INFINITY) - this.#keepMs;

  #close(): void {
    const oldest = this.#oldest();
    const chunk = encodeChunk(this.#open);
    let gone = 0;
    while ((this.#chunks[gone]?.lastAt ?? Number.POSITIVE_INFINITY) < oldest) gone++;
    while (this.#used - (this.#chunks[gone]?.from ?? this.#used) + chunk.length > MAX_BYTES) gone++;
    this.#forget(gone);
    if (this.#used + chunk.length > this.#bytes.length) {
      // a quarter more, not twice as much: 1,000 nodes grow to the same size
      const wider = new Uint8Array(Math.ceil((this.#used + chunk.length) * 1.25));
      wider.set(this.#bytes.subarray(0, this.#used));
      this.#bytes = wider;
    }
    this.#bytes.set(chunk, this.#used);
    const lastAt = this.#open[(CHUNK - 1) * SAMPLE_WIDTH + AT] ?? 0;
    this.#chunks.push({ from: this.#used, firstAt: this.#open[AT] ?? 0, lastAt });
    this.#used += chunk.length;
    this.#rows = 0;
  }

  #forget(count: number): void {
    if (count === 0) return;
    const from = this.#chunks[count]?.from ?? this.#used;
    this.#bytes.copyWithin(0, from, this.#used);
    this.#used -= from;
    this.#chunks = this.#chunks.slice(count).map((chunk) => ({ ...chunk, from: chunk.from - from }));
  }
}
