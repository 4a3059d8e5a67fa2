import type { Retention } from '#server/kernel/retention.ts';
import { foldInto, joined, samplesToBuckets, split, thinned } from './bucket-row.ts';
import { chunkSamples, decodeChunk, decodeColumns, encodeChunk, MAX_CHUNK_SAMPLES, packChunk } from './chunk.ts';
import { takeColumns } from './columns.ts';
import { OpenBuckets } from './open-buckets.ts';
import { OpenSamples } from './open-samples.ts';
import type { Answers } from './protocol.ts';
import { AT, SAMPLE_WIDTH } from './sample-row.ts';
import { createTables, ENTRY_AT, ENTRY_WIDTH, prepare, type Sqlite, type Statements } from './tables.ts';
import { planQuery, type Query, RAW, WIDEST_MS } from './tiers.ts';
import { chunkOlderRows } from './wide-rows.ts';

/** Rows and chunks of one retention step: a few milliseconds, so that ingest never waits longer. */
const PRUNE_ROWS = 500;
const PRUNE_CHUNKS = 16;
const WINDOW_MS = 3 * 3_600_000;

/**
 * Samples and their buckets in one SQLite file; runs in the store's worker thread.
 *
 * A tick is committed to the journal, then taken into memory; what it fills (chunks, buckets) is committed by `settle`, which also drops
 * what the journal need not hold any more. So memory always follows from what is committed, whichever of the two fails.
 */
export class History {
  #db: Sqlite;
  #sql: Statements;
  #retention: Retention;
  #ids = new Map<string, number>();
  #tick = 0;
  #samples = new Map<number, OpenSamples>();
  #newest = new Map<number, number>();
  #buckets = new OpenBuckets();
  #closed: { tier: number; node: number; bucket: Float64Array }[] = [];
  /** samples before it are not answered, though the chunk that has them is kept for the later ones in it */
  #rawFrom = Number.NEGATIVE_INFINITY;

  constructor(db: Sqlite, retention: Retention) {
    createTables(db);
    this.#db = db;
    this.#retention = retention;
    this.#sql = prepare(db);
    chunkOlderRows(db, this.#sql);
    this.#load();
  }

  /** All of it is stored, or nothing. `keys[i]` is the node of row i. Storing a sample again changes nothing. */
  append(keys: readonly string[], rows: Float64Array): void {
    const tick = this.#tick + 1;
    const added: string[] = [];
    let entries: Float64Array = new Float64Array();
    try {
      this.#transaction(() => {
        entries = this.#entries(keys, rows, added);
        if (entries.length > 0) this.#sql.addTick(tick, entries);
      });
    } catch (error) {
      for (const key of added) this.#ids.delete(key);
      throw error;
    }
    if (entries.length > 0) {
      this.#tick = tick;
      for (let from = 0; from < entries.length; from += ENTRY_WIDTH) {
        const [node, row] = [entries[from] ?? 0, entries.subarray(from + 1, from + ENTRY_WIDTH)];
        this.#hold(tick, node, row);
        this.#buckets.fold(node, row, this.#close);
      }
    }
    this.#settle();
  }

  raw(key: string, fromMs: number, toMs: number): Float64Array {
    const node = this.#ids.get(key);
    return node === undefined ? new Float64Array() : this.#rows(node, fromMs, toMs);
  }

  /** Single columns of raw(): those at `places` of a sample row. */
  columns(key: string, fromMs: number, toMs: number, places: readonly number[]): Float64Array[] {
    const node = this.#ids.get(key);
    if (node === undefined) return places.map(() => new Float64Array());
    const since = Math.max(fromMs, this.#rawFrom);
    const chunks = this.#sql.chunks(node, since, toMs);
    const open = takeColumns(this.#samples.get(node)?.rows ?? new Float64Array(), places);
    const stored = chunks.reduce((sum, chunk) => sum + chunkSamples(chunk), 0);
    const all = open.map((column) => new Float64Array(stored + column.length));
    let end = 0;
    for (const chunk of chunks) end += decodeColumns(chunk, places, all, end);
    for (const [i, column] of open.entries()) all[i]?.set(column, stored);
    const at = all[places.indexOf(AT)] ?? new Float64Array();
    for (let row = 1; row < at.length; row++)
      if ((at[row] ?? 0) <= (at[row - 1] ?? 0)) return takeColumns(this.#rows(node, fromMs, toMs), places);
    const [first, behind] = [at.findIndex((ms) => ms >= since), at.findIndex((ms) => ms >= toMs)];
    return all.map((column) => column.slice(first === -1 ? column.length : first, behind === -1 ? column.length : behind));
  }

  query(key: string, query: Query, nowMs: number): { stepMs: number; rows: Float64Array } {
    const { tier, step, from } = planQuery(query, nowMs, this.#retention);
    const node = this.#ids.get(key);
    if (node === undefined) return { stepMs: step, rows: new Float64Array() };
    if (tier === RAW) return { stepMs: step, rows: joined(samplesToBuckets(step, this.#rows(node, from, query.toMs))) };
    const stored = this.#sql.tiers[tier]?.select(node, from, query.toMs) ?? new Float64Array();
    return { stepMs: step, rows: joined(foldInto(step, [...split(stored), ...this.#buckets.within(node, tier, from, query.toMs)])) };
  }

  /** Raw samples of some nodes since an instant, as chunks; those before `fullSinceMs` thinned to one a minute and process life. */
  recent(sinceMs: number, fullSinceMs: number, nodes: { from: number; count: number }): Answers['recent'] {
    const packed = new PackedChunks();
    const answers = [...this.#ids].slice(nodes.from, nodes.from + nodes.count).map(([key, node]) => {
      const lengths: number[] = [];
      // a few hours at a time: 30 hours of doubles would be 3 MB a node, for nothing
      for (let from = sinceMs; from < fullSinceMs; from += WINDOW_MS)
        lengths.push(...packed.add(thinned(this.#rows(node, from, Math.min(from + WINDOW_MS, fullSinceMs)))));
      lengths.push(...packed.add(this.#rows(node, fullSinceMs, Number.MAX_SAFE_INTEGER)));
      return { key, lengths };
    });
    return { nodes: answers, bytes: packed.bytes };
  }

  /** Retention, as many small transactions: do one a turn of the event loop. Gives how many rows and chunks each deleted. */
  *prune(nowMs: number): Generator<number> {
    this.#rawFrom = nowMs - this.#retention.rawMs;
    this.#buckets.closeEnded(nowMs, this.#close);
    this.#settle((open) => open.newestBefore(this.#rawFrom));
    const kept = [this.#retention.minuteMs, this.#retention.quarterMs];
    for (const node of this.#ids.values()) {
      yield* this.#slices(PRUNE_CHUNKS, () => this.#sql.pruneChunks(node, this.#rawFrom, PRUNE_CHUNKS));
      for (const [tier, keptMs] of kept.entries())
        yield* this.#slices(PRUNE_ROWS, () => this.#sql.tiers[tier]?.prune(node, nowMs - keptMs, PRUNE_ROWS) ?? 0);
    }
  }

  *#slices(full: number, deleteSome: () => number): Generator<number> {
    for (let deleted = full; deleted >= full; ) {
      deleted = deleteSome();
      yield deleted;
    }
  }

  close(): void {
    this.#db.close();
  }

  /** Of the samples of one tick those that are new, as the journal holds them. Names the nodes that it added. */
  #entries(keys: readonly string[], rows: Float64Array, added: string[]): Float64Array {
    const entries = new Float64Array(keys.length * ENTRY_WIDTH);
    const newest = new Map<number, number>();
    let size = 0;
    const inThisTick = (node: number, at: number) => {
      for (let from = 0; from < size; from += ENTRY_WIDTH) if (entries[from] === node && entries[from + ENTRY_AT] === at) return true;
      return false;
    };
    for (const [i, key] of keys.entries()) {
      const row = rows.subarray(i * SAMPLE_WIDTH, (i + 1) * SAMPLE_WIDTH);
      const at = row[AT] ?? 0;
      let node = this.#ids.get(key);
      if (node === undefined) {
        node = this.#sql.addNode(key);
        this.#ids.set(key, node);
        added.push(key);
      }
      const before = newest.get(node) ?? this.#newest.get(node) ?? Number.NEGATIVE_INFINITY;
      if (at <= before && (inThisTick(node, at) || this.#has(node, at))) continue;
      newest.set(node, Math.max(before, at));
      entries[size] = node;
      entries.set(row, size + 1);
      size += ENTRY_WIDTH;
    }
    return entries.slice(0, size);
  }

  #hold(tick: number, node: number, row: Float64Array): void {
    let open = this.#samples.get(node);
    if (!open) {
      open = new OpenSamples(node, tick);
      this.#samples.set(node, open);
    }
    open.push(row);
    this.#newest.set(node, Math.max(this.#newest.get(node) ?? Number.NEGATIVE_INFINITY, row[AT] ?? 0));
  }

  #has(node: number, at: number): boolean {
    if (this.#samples.get(node)?.has(at)) return true;
    return this.#rows(node, at, at + 1).length > 0;
  }

  /** Commits what takes no more samples, and drops what the journal need not hold any more. */
  #settle(also: (open: OpenSamples) => boolean = () => false): void {
    const full = [...this.#samples].filter(([, open]) => open.isFull(this.#tick) || also(open));
    if (full.length === 0 && this.#closed.length === 0) return;
    this.#transaction(() => {
      for (const [node, open] of full) {
        for (const rows of open.chunks())
          this.#sql.addChunk(node, rows[AT] ?? 0, rows[rows.length - SAMPLE_WIDTH + AT] ?? 0, encodeChunk(rows));
        this.#sql.setDone(node, this.#tick);
      }
      for (const { tier, node, bucket } of this.#closed) this.#sql.tiers[tier]?.write(node, bucket);
      this.#sql.setBucketsDone(this.#tick);
      if (full.length === 0) return;
      let needed = this.#tick + 1;
      const leaving = new Set(full.map(([, open]) => open));
      for (const open of this.#samples.values()) if (!leaving.has(open)) needed = Math.min(needed, open.firstTick);
      this.#sql.dropTicks(needed);
    });
    for (const [node] of full) this.#samples.delete(node);
    this.#closed = [];
  }

  /** In time order, each once. */
  #rows(node: number, fromMs: number, toMs: number): Float64Array {
    const since = Math.max(fromMs, this.#rawFrom);
    const chunks = this.#sql.chunks(node, since, toMs);
    const open = this.#samples.get(node)?.rows ?? new Float64Array();
    const all = new Float64Array(chunks.reduce((sum, chunk) => sum + chunkSamples(chunk), 0) * SAMPLE_WIDTH + open.length);
    let end = 0;
    for (const chunk of chunks) end = decodeChunk(chunk, 0, all, end);
    all.set(open, end);
    let [size, inOrder, before] = [0, true, Number.NEGATIVE_INFINITY];
    for (let from = 0; from < all.length; from += SAMPLE_WIDTH) {
      const at = all[from + AT] ?? 0;
      if (at < since || at >= toMs) continue;
      if (at <= before) inOrder = false;
      before = at;
      if (size !== from) all.copyWithin(size, from, from + SAMPLE_WIDTH);
      size += SAMPLE_WIDTH;
    }
    return inOrder ? all.slice(0, size) : sorted(all.subarray(0, size));
  }

  /** What memory holds follows from what is committed. */
  #load(): void {
    this.#ids = new Map(this.#sql.nodes().map(({ id, key }) => [key, id]));
    const done = this.#sql.done();
    this.#tick = Math.max(0, ...done.nodes.values());
    const covered = new Map<number, number>();
    for (const node of this.#ids.values()) {
      const last = this.#sql.lastChunkAt(node);
      if (last === null) continue;
      this.#newest.set(node, last);
      covered.set(node, last);
    }
    for (const { tick, entries } of this.#sql.ticks()) {
      this.#tick = Math.max(this.#tick, tick);
      for (let from = 0; from < entries.length; from += ENTRY_WIDTH) {
        const node = entries[from] ?? 0;
        if (tick <= (done.nodes.get(node) ?? 0)) continue;
        this.#hold(tick, node, entries.subarray(from + 1, from + ENTRY_WIDTH));
        if (tick <= done.buckets) covered.set(node, Math.max(covered.get(node) ?? 0, entries[from + ENTRY_AT] ?? 0));
      }
    }
    // a bucket that was open when the buckets were written last began in the span of the last sample before
    for (const node of this.#ids.values()) {
      const rows = this.#rows(node, Math.floor((covered.get(node) ?? 0) / WIDEST_MS) * WIDEST_MS, Number.MAX_SAFE_INTEGER);
      for (let from = 0; from < rows.length; from += SAMPLE_WIDTH)
        this.#buckets.fold(node, rows.subarray(from, from + SAMPLE_WIDTH), this.#close);
    }
  }

  #close = (tier: number, node: number, bucket: Float64Array): void => void this.#closed.push({ tier, node, bucket });

  #transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      work();
      this.#db.exec('COMMIT');
    } catch (error) {
      // a full disk may have ended the transaction already
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Chunks one behind the other. */
class PackedChunks {
  #room = new Uint8Array(1 << 20);
  #length = 0;

  /** How long each of them is. */
  *add(rows: Float64Array): Generator<number> {
    const width = MAX_CHUNK_SAMPLES * SAMPLE_WIDTH;
    for (let from = 0; from < rows.length; from += width) {
      const chunk = packChunk(rows.subarray(from, from + width));
      if (this.#length + chunk.length > this.#room.length) {
        const wider = new Uint8Array(2 * this.#room.length);
        wider.set(this.#room);
        this.#room = wider;
      }
      this.#room.set(chunk, this.#length);
      this.#length += chunk.length;
      yield chunk.length;
    }
  }

  get bytes(): Uint8Array {
    return this.#room.slice(0, this.#length);
  }
}

/** After a clock was set back: by time, of two of one time the one that was stored first. */
function sorted(rows: Float64Array): Float64Array {
  const each = Array.from({ length: rows.length / SAMPLE_WIDTH }, (_, i) => rows.subarray(i * SAMPLE_WIDTH, (i + 1) * SAMPLE_WIDTH));
  each.sort((a, b) => (a[AT] ?? 0) - (b[AT] ?? 0));
  const kept = each.filter((row, i) => i === 0 || row[AT] !== each[i - 1]?.[AT]);
  const out = new Float64Array(kept.length * SAMPLE_WIDTH);
  kept.forEach((row, i) => {
    out.set(row, i * SAMPLE_WIDTH);
  });
  return out;
}
