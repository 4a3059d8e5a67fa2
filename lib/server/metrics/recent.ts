import type { Sample } from '#shared/metrics.ts';
import { AT, readSample, SAMPLE_WIDTH, THIN_MS, writeSample } from './sample-row.ts';

/**
 * The newest samples of each node, for judging without a query: all of the last `keepMs`, and one a minute of the last `thinKeepMs`.
 * About 420 KiB a node at one sample in 5 s, 2 h and 30 h.
 */
export function createRecentSamples({ keepMs, thinKeepMs }: { keepMs: number; thinKeepMs: number }) {
  const nodes = new Map<string, { full: Ring; thin: Ring }>();
  return {
    /** Samples of a node come in time order; one older than the last (a clock set back) makes it start anew. */
    push(nodeId: string, sample: Sample): void {
      const node = nodes.get(nodeId) ?? { full: new Ring(keepMs), thin: new Ring(thinKeepMs) };
      nodes.set(nodeId, node);
      node.full.push(sample);
      const last = node.thin.last();
      if (
        !last ||
        sample.at < last.at ||
        Math.floor(sample.at / THIN_MS) !== Math.floor(last.at / THIN_MS) ||
        sample.processStart !== last.processStart
      )
        node.thin.push(sample);
    },
    since(nodeId: string, sinceMs: number): Sample[] {
      const node = nodes.get(nodeId);
      if (!node) return [];
      const full = node.full.range(sinceMs, Number.POSITIVE_INFINITY);
      const fullFrom = node.full.first()?.at ?? Number.POSITIVE_INFINITY;
      return sinceMs < fullFrom ? [...node.thin.range(sinceMs, fullFrom), ...full] : full;
    },
    last: (nodeId: string): Sample | null => nodes.get(nodeId)?.full.last() ?? null,
    drop: (nodeId: string) => void nodes.delete(nodeId),
  };
}

const FIRST_CAPACITY = 64;
/** Upper bound, 1.1 MiB: 2 h at one sample a second. */
const MAX_CAPACITY = 8192;

/** Samples in one typed array, oldest at `head`; it grows with the sample rate and forgets by age. */
class Ring {
  readonly #keepMs: number;
  #rows = new Float64Array(FIRST_CAPACITY * SAMPLE_WIDTH);
  #head = 0;
  #size = 0;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  push(sample: Sample): void {
    const last = this.#size > 0 ? this.#at(this.#size - 1) : Number.NEGATIVE_INFINITY;
    if (sample.at === last) return;
    if (sample.at < last) this.#size = 0;
    while (this.#size > 0 && this.#at(0) < sample.at - this.#keepMs) this.#dropOldest();
    if (this.#size === this.#capacity) this.#makeRoom();
    writeSample(this.#rows, this.#offset(this.#size), sample);
    this.#size++;
  }

  range(fromMs: number, toMs: number): Sample[] {
    const samples: Sample[] = [];
    for (let i = this.#firstSince(fromMs); i < this.#size && this.#at(i) < toMs; i++) samples.push(readSample(this.#rows, this.#offset(i)));
    return samples;
  }

  first = (): Sample | null => (this.#size === 0 ? null : readSample(this.#rows, this.#offset(0)));
  last = (): Sample | null => (this.#size === 0 ? null : readSample(this.#rows, this.#offset(this.#size - 1)));

  get #capacity(): number {
    return this.#rows.length / SAMPLE_WIDTH;
  }

  #offset = (i: number): number => ((this.#head + i) % this.#capacity) * SAMPLE_WIDTH;
  #at = (i: number): number => this.#rows[this.#offset(i) + AT] ?? 0;

  #dropOldest(): void {
    this.#head = (this.#head + 1) % this.#capacity;
    this.#size--;
  }

  #makeRoom(): void {
    if (this.#capacity >= MAX_CAPACITY) {
      this.#dropOldest();
      return;
    }
    const rows = new Float64Array(this.#rows.length * 2);
    const cut = this.#head * SAMPLE_WIDTH;
    rows.set(this.#rows.subarray(cut));
    rows.set(this.#rows.subarray(0, cut), this.#rows.length - cut);
    this.#rows = rows;
    this.#head = 0;
  }

  #firstSince(sinceMs: number): number {
    let [low, high] = [0, this.#size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#at(middle) < sinceMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
