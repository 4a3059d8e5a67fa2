import { systemClock } from '#server/kernel/clock.ts';
import type { Sample } from '#shared/metrics.ts';
import { type Bucket, readBuckets } from './bucket-row.ts';
import { asColumns, placesOf, type SampleColumns, type ValueKey } from './columns.ts';
import { type Batch, HeldSamples } from './held-samples.ts';
import { createRecentSamples } from './recent.ts';
import { readSamples } from './sample-row.ts';
import type { Query } from './tiers.ts';

/** The seam for samples: SQLite, PostgreSQL, and reading from a Prometheus-compatible server. Ranges are [fromMs, toMs). */
export type MetricStore = {
  /** Never waits. Stored with the next tick, one transaction for all nodes. */
  append(nodeId: string, sample: Sample): void;
  /** A sample that another process read and stores: kept in memory only. */
  mirror(nodeId: string, sample: Sample): void;
  /** Another process stores this node's samples from now on. */
  release(nodeId: string): void;
  /** Resolves when everything appended so far is stored. */
  flush(): Promise<void>;
  /** From memory: every sample of the last 2 hours, before them one a minute up to 30 hours back. */
  recent(nodeId: string, sinceMs: number): Sample[];
  last(nodeId: string): Sample | null;
  raw(nodeId: string, fromMs: number, toMs: number): Promise<Sample[]>;
  /** raw(), only what is asked for and without an object a sample */
  columns(nodeId: string, fromMs: number, toMs: number, keys: readonly ValueKey[]): Promise<SampleColumns>;
  /** `stepSeconds` of the answer is wider than asked where only wider buckets are kept. Buckets without samples are left out. */
  query(nodeId: string, range: { fromMs: number; toMs: number; stepSeconds: number }): Promise<{ stepSeconds: number; buckets: Bucket[] }>;
  /** Retention: what is older is not answered any more, and its room is given back. Runs by itself every 5 minutes. */
  prune(nowMs: number): Promise<void>;
  /** why samples cannot be stored now, as a sentence; null while they can */
  problem(): string | null;
  close(): Promise<void>;
};

export type StoreOptions = { now?: () => number; onError?: (words: string, error: unknown) => void };

/** What a store keeps its rows in. Every call may fail and be made again: storing a sample twice changes nothing. */
export type Shelf = {
  /** all or nothing; `keys[i]` is the node of row i, and `rows` is the shelf's from now on */
  append(keys: string[], rows: Float64Array): Promise<unknown>;
  raw(key: string, fromMs: number, toMs: number): Promise<Float64Array>;
  columns(key: string, fromMs: number, toMs: number, places: number[]): Promise<Float64Array[]>;
  query(key: string, query: Query, nowMs: number): Promise<{ stepMs: number; rows: Float64Array }>;
  /** raw samples of every node; those before `fullSinceMs` one a minute and process life */
  /** `rows` of a node in pieces, in time order; each is read before the next is asked for */
  recent(sinceMs: number, fullSinceMs: number): AsyncIterable<{ key: string; rows: Float64Array }>;
  prune(nowMs: number): Promise<unknown>;
  /** what memory holds of the node is not to be relied on any more */
  release?(key: string): void;
  close(): Promise<void>;
};

export const RECENT_MS = 2 * 3_600_000;
/** Slow leaks and nodes known by their fd count only are judged by more than a day. */
export const LONG_MS = 30 * 3_600_000;
/** How long a sample waits for others to share a transaction with; also what a crash may lose. */
const TICK_MS = 1000;
const PRUNE_EVERY_MS = 5 * 60_000;
/** Samples held while the thread is gone, 27 MiB; beyond, the oldest are dropped. */
const MAX_HELD = 200_000;
/** Samples of one transaction: after an outage a shelf is not given all at once. */
const BATCH = 20_000;
const NOT_STORED = 'Samples could not be stored; they are kept in memory and tried again.';
const FULL = /disk is full|ENOSPC|disk full|no space left/i;

/** Memory for judging and a tick's worth of samples in front of a shelf. */
export async function storeOn(shelf: Shelf, options: StoreOptions): Promise<MetricStore> {
  const now = options.now ?? systemClock.now;
  const onError = options.onError ?? (() => undefined);
  const recent = createRecentSamples({ keepMs: RECENT_MS, thinKeepMs: LONG_MS });
  const held = new HeldSamples(MAX_HELD);
  let tick: NodeJS.Timeout | null = null;
  let sending: Promise<void> = Promise.resolve();
  let problem: string | null = null;
  let closed = false;

  const fullFrom = now() - RECENT_MS;
  for await (const { key, rows } of shelf.recent(now() - LONG_MS, fullFrom)) recent.load(key, rows, fullFrom);

  const send = async () => {
    while (held.size > 0) await sendSome(held.take(BATCH));
  };
  const sendSome = async (batch: Batch) => {
    try {
      await shelf.append(batch.ids, batch.rows.slice());
      problem = null;
    } catch (error) {
      // storing a sample twice changes nothing, so the whole batch goes again with the next tick
      held.putBack(batch);
      // once a problem, not once a second
      if (problem === null) onError(NOT_STORED, error);
      problem = `Samples cannot be stored: ${reasonOf(error)}. The newest ${MAX_HELD.toLocaleString('en')} are kept in memory and stored once that works again.`;
      if (!closed) schedule();
      throw error;
    }
  };
  const flush = () => {
    if (tick) clearTimeout(tick);
    tick = null;
    sending = sending.catch(() => undefined).then(send);
    return sending;
  };
  const schedule = () => {
    tick ??= setTimeout(() => {
      tick = null;
      void flushed();
    }, TICK_MS).unref();
  };
  /** What could not be stored now is stored later; questions are answered from what is. */
  const flushed = () => flush().catch(() => undefined);
  const prune = async (nowMs: number) => {
    await flushed(); // a full disk fails it, and deleting is what helps then
    await shelf.prune(nowMs);
  };
  const pruneTimer = setInterval(() => {
    prune(now()).catch((error: unknown) => onError('Old samples could not be deleted.', error));
  }, PRUNE_EVERY_MS).unref();

  return {
    append(nodeId, sample) {
      if (closed) return;
      recent.push(nodeId, sample);
      held.push(nodeId, sample);
      schedule();
    },
    mirror(nodeId, sample) {
      // late ones are in the database all the same
      if (sample.at > (recent.last(nodeId)?.at ?? 0)) recent.push(nodeId, sample);
    },
    release: (nodeId) => shelf.release?.(nodeId),
    flush,
    recent: recent.since,
    last: recent.last,
    async raw(nodeId, fromMs, toMs) {
      await flushed();
      return readSamples(await shelf.raw(nodeId, fromMs, toMs));
    },
    async columns(nodeId, fromMs, toMs, keys) {
      await flushed();
      return asColumns(keys, await shelf.columns(nodeId, fromMs, toMs, placesOf(keys)));
    },
    async query(nodeId, { fromMs, toMs, stepSeconds }) {
      await flushed();
      const query = { fromMs, toMs, stepMs: Math.max(1, Math.round(stepSeconds)) * 1000 };
      const { stepMs, rows } = await shelf.query(nodeId, query, now());
      return { stepSeconds: stepMs / 1000, buckets: readBuckets(rows) };
    },
    prune,
    problem: () => problem,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(pruneTimer);
      await flush().catch((error: unknown) => onError('The last samples could not be stored.', error));
      await shelf.close();
    },
  };
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return FULL.test(message) ? 'the disk is full' : message.replace(/[.]$/, '').slice(0, 200);
}
