import { BUCKET_WIDTH, bucketOfSample, bucketStart, bucketTakes, foldBucket, foldInto, sameLife, samplesToBuckets } from './bucket-row.ts';
import { AT, PROCESS_START, SAMPLE_WIDTH, THIN_MS } from './sample-row.ts';
import { createTables, prepare, type Sqlite, type Statements, TIERS } from './tables.ts';

/** How long each tier is kept, in milliseconds. */
export type Retention = { rawMs: number; minuteMs: number; quarterMs: number };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const DEFAULT_RETENTION: Retention = Object.freeze({ rawMs: 48 * HOUR_MS, minuteMs: 30 * DAY_MS, quarterMs: 396 * DAY_MS });

/** Rows of one retention step: a few milliseconds, so that ingest never waits longer. */
const PRUNE_ROWS = 500;

const RAW = -1;

export type Query = { fromMs: number; toMs: number; stepMs: number };

/**
 * Samples and their buckets in one SQLite file; runs in the store's worker thread.
 *
 * Invariant: whenever a raw sample of a node is committed, every bucket of that node that ended before it is committed too. So the open
 * buckets, which live in memory only, can be rebuilt from the raw samples since the start of the widest open span.
 */
export class History {
  #db: Sqlite;
  #sql: Statements;
  #retention: Retention;
  #ids = new Map<string, number>();
  /** per node: one open bucket a tier */
  #open = new Map<number, (Float64Array | null)[]>();

  constructor(db: Sqlite, retention: Retention = DEFAULT_RETENTION) {
    createTables(db);
    this.#db = db;
    this.#retention = retention;
    this.#sql = prepare(db);
    this.#load();
  }

  /** One transaction: all of it is stored, or nothing. `keys[i]` is the node of row i. Storing a sample again changes nothing. */
  append(keys: readonly string[], rows: Float64Array): void {
    this.#transaction(() =>
      keys.forEach((key, i) => {
        const row = rows.subarray(i * SAMPLE_WIDTH, (i + 1) * SAMPLE_WIDTH);
        const node = this.#idOf(key);
        if (this.#sql.insertRaw(node, row)) this.#fold(node, row);
      }),
    );
  }

  raw(key: string, fromMs: number, toMs: number): Float64Array {
    const node = this.#ids.get(key);
    return node === undefined ? new Float64Array() : this.#sql.selectRaw(node, fromMs, toMs);
  }

  /** Buckets of `stepMs` or, where only wider ones are kept, of the narrowest that there are. */
  query(key: string, { fromMs, toMs, stepMs }: Query, nowMs: number): { stepMs: number; rows: Float64Array } {
    const [minute, quarter] = [TIERS[0].spanMs, TIERS[1].spanMs];
    const kept = fromMs < nowMs - this.#retention.minuteMs ? 1 : fromMs < nowMs - this.#retention.rawMs ? 0 : RAW;
    const wide = (span: number) => stepMs % span === 0 || stepMs >= 4 * span;
    const tier = Math.max(kept, wide(quarter) ? 1 : wide(minute) ? 0 : RAW);
    const span = TIERS[tier]?.spanMs ?? 1000;
    const step = Math.max(1, Math.ceil(stepMs / span)) * span;
    const node = this.#ids.get(key);
    if (node === undefined) return { stepMs: step, rows: new Float64Array() };
    const from = Math.floor(fromMs / step) * step;
    if (tier === RAW) return { stepMs: step, rows: joined(samplesToBuckets(step, this.#sql.selectRaw(node, from, toMs))) };
    const buckets = [...split(this.#sql.tiers[tier]?.select(node, from, toMs) ?? new Float64Array())];
    const open = this.#open.get(node)?.[tier];
    if (open && bucketStart(open) >= from && bucketStart(open) < toMs) buckets.push(open);
    return { stepMs: step, rows: joined(foldInto(step, buckets)) };
  }

  /** Every node's raw samples since an instant; those before `fullSinceMs` thinned to one a minute and process life. */
  *recent(sinceMs: number, fullSinceMs: number): Generator<{ key: string; rows: Float64Array }> {
    for (const [key, node] of this.#ids) {
      const older = thinned(this.#sql.selectRaw(node, sinceMs, fullSinceMs));
      const newer = this.#sql.selectRaw(node, fullSinceMs, Number.MAX_SAFE_INTEGER);
      const rows = new Float64Array(older.length + newer.length);
      rows.set(older);
      rows.set(newer, older.length);
      if (rows.length > 0) yield { key, rows };
    }
  }

  /** Retention, as many small transactions: do one a turn of the event loop. */
  *prune(nowMs: number): Generator<number> {
    const kept = [this.#retention.rawMs, this.#retention.minuteMs, this.#retention.quarterMs];
    for (const node of this.#ids.values()) {
      for (const [table, keptMs] of kept.entries()) {
        for (;;) {
          const deleted = this.#sql.prune(table, node, nowMs - keptMs, PRUNE_ROWS);
          if (deleted > 0) yield deleted;
          if (deleted < PRUNE_ROWS) break;
        }
      }
    }
  }

  /** Commits the buckets whose span is over, also of nodes that say nothing any more. */
  closeBuckets(nowMs: number): void {
    this.#transaction(() => {
      for (const [node, open] of this.#open)
        TIERS.forEach(({ spanMs }, tier) => {
          const bucket = open[tier];
          if (!bucket || bucketStart(bucket) + spanMs > nowMs) return;
          this.#sql.tiers[tier]?.write(node, bucket);
          open[tier] = null;
        });
    });
  }

  close(): void {
    this.#db.close();
  }

  /** What memory holds follows from what is committed. */
  #load(): void {
    this.#ids = new Map(this.#sql.nodes().map(({ id, key }) => [key, id]));
    this.#open = new Map();
    const widest = TIERS[TIERS.length - 1]?.spanMs ?? 1;
    for (const node of this.#ids.values()) {
      const last = this.#sql.lastAt(node);
      if (last === null) continue;
      const rows = this.#sql.selectRaw(node, Math.floor(last / widest) * widest, last + 1);
      for (let from = 0; from < rows.length; from += SAMPLE_WIDTH) this.#fold(node, rows.subarray(from, from + SAMPLE_WIDTH));
    }
  }

  #fold(node: number, row: Float64Array): void {
    const open = this.#open.get(node) ?? TIERS.map(() => null);
    this.#open.set(node, open);
    for (let tier = 0; tier < TIERS.length; tier++) {
      const spanMs = TIERS[tier]?.spanMs ?? 0;
      const single = bucketOfSample(spanMs, row);
      const before = open[tier];
      if (before && bucketTakes(before, bucketStart(single), row[PROCESS_START])) foldBucket(before, single);
      else {
        if (before) this.#sql.tiers[tier]?.write(node, before);
        open[tier] = single;
      }
    }
  }

  #idOf(key: string): number {
    let id = this.#ids.get(key);
    if (id !== undefined) return id;
    id = this.#sql.addNode(key);
    this.#ids.set(key, id);
    return id;
  }

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      this.#load();
      throw error;
    }
  }
}

function* split(rows: Float64Array): Generator<Float64Array> {
  for (let from = 0; from < rows.length; from += BUCKET_WIDTH) yield rows.subarray(from, from + BUCKET_WIDTH);
}

function thinned(rows: Float64Array): Float64Array {
  const out = new Float64Array(rows.length);
  let [size, minute, life] = [0, Number.NaN, Number.NaN];
  for (let from = 0; from < rows.length; from += SAMPLE_WIDTH) {
    const row = rows.subarray(from, from + SAMPLE_WIDTH);
    const at = Math.floor((row[AT] ?? 0) / THIN_MS);
    if (at === minute && sameLife(row[PROCESS_START], life)) continue;
    [minute, life] = [at, row[PROCESS_START] ?? Number.NaN];
    out.set(row, size);
    size += SAMPLE_WIDTH;
  }
  return out.subarray(0, size);
}

function joined(rows: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(rows.length * BUCKET_WIDTH);
  rows.forEach((row, i) => {
    out.set(row, i * BUCKET_WIDTH);
  });
  return out;
}
