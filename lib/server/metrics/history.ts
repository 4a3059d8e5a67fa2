import type { Retention } from '#server/kernel/retention.ts';
import { foldInto, joined, samplesToBuckets, split, thinned } from './bucket-row.ts';
import { OpenBuckets } from './open-buckets.ts';
import { SAMPLE_WIDTH } from './sample-row.ts';
import { createTables, prepare, type Sqlite, type Statements } from './tables.ts';
import { planQuery, type Query, RAW, WIDEST_MS } from './tiers.ts';

/** Rows of one retention step: a few milliseconds, so that ingest never waits longer. */
const PRUNE_ROWS = 500;

/** Samples and their buckets in one SQLite file; runs in the store's worker thread. */
export class History {
  #db: Sqlite;
  #sql: Statements;
  #retention: Retention;
  #ids = new Map<string, number>();
  #open = new OpenBuckets();

  constructor(db: Sqlite, retention: Retention) {
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
        if (this.#sql.insertRaw(node, row)) this.#open.fold(node, row, this.#store);
      }),
    );
  }

  raw(key: string, fromMs: number, toMs: number): Float64Array {
    const node = this.#ids.get(key);
    return node === undefined ? new Float64Array() : this.#sql.selectRaw(node, fromMs, toMs);
  }

  query(key: string, query: Query, nowMs: number): { stepMs: number; rows: Float64Array } {
    const { tier, step, from } = planQuery(query, nowMs, this.#retention);
    const node = this.#ids.get(key);
    if (node === undefined) return { stepMs: step, rows: new Float64Array() };
    if (tier === RAW) return { stepMs: step, rows: joined(samplesToBuckets(step, this.#sql.selectRaw(node, from, query.toMs))) };
    const stored = this.#sql.tiers[tier]?.select(node, from, query.toMs) ?? new Float64Array();
    return { stepMs: step, rows: joined(foldInto(step, [...split(stored), ...this.#open.within(node, tier, from, query.toMs)])) };
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

  /** Commits the buckets whose span is over. */
  closeBuckets(nowMs: number): void {
    this.#transaction(() => this.#open.closeEnded(nowMs, this.#store));
  }

  close(): void {
    this.#db.close();
  }

  /** What memory holds follows from what is committed. */
  #load(): void {
    this.#ids = new Map(this.#sql.nodes().map(({ id, key }) => [key, id]));
    this.#open.clear();
    for (const node of this.#ids.values()) {
      const last = this.#sql.lastAt(node);
      if (last === null) continue;
      const rows = this.#sql.selectRaw(node, Math.floor(last / WIDEST_MS) * WIDEST_MS, last + 1);
      for (let from = 0; from < rows.length; from += SAMPLE_WIDTH)
        this.#open.fold(node, rows.subarray(from, from + SAMPLE_WIDTH), this.#store);
    }
  }

  #store = (tier: number, node: number, bucket: Float64Array): void => void this.#sql.tiers[tier]?.write(node, bucket);

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
