import type { openSqlite } from '#server/db/index.ts';
import { BUCKET_COLUMNS, BUCKET_WIDTH } from './bucket-row.ts';
import { CHUNK_SPAN_MS } from './open-samples.ts';
import { AT, isFraction, SAMPLE_WIDTH } from './sample-row.ts';
import { TIERS } from './tiers.ts';

export type Sqlite = ReturnType<typeof openSqlite>;
type Value = number | string | null;

const column = (name: string) => `${name} ${isFraction(name) ? 'REAL' : 'INTEGER'}`;

/**
 * Raw samples: a tick of all nodes is one row of the journal; some 80 ticks later each node's samples are one chunk, and the journal's rows go.
 * Buckets: a row each. Both clustered by node and time so that a chart reads neighbouring pages.
 */
export function createTables(db: Sqlite): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -4000;');
  db.exec(`
    CREATE TABLE IF NOT EXISTS node (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
    CREATE TABLE IF NOT EXISTS journal (tick INTEGER PRIMARY KEY, rows BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS chunk (id INTEGER PRIMARY KEY, last_at INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS done (node INTEGER PRIMARY KEY, tick INTEGER NOT NULL) STRICT;
  `);
  // first_at, not the life, is in the key: one span may hold several lives, and one life of unknown start
  for (const { table } of TIERS)
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (node INTEGER NOT NULL, ${BUCKET_COLUMNS.map(column).join(', ')}, PRIMARY KEY (node, at, first_at)) STRICT, WITHOUT ROWID`,
    );
}

/** A chunk's id is its node and the second of its first sample, or one of the next few when that is taken. */
const SECONDS = 2 ** 32;
const TAKEN_MAX = 60;
export const chunkId = (node: number, atMs: number): number =>
  node * SECONDS + Math.min(Math.max(Math.floor(atMs / 1000), 0), SECONDS - 1 - TAKEN_MAX);

/** In `done`: the tick up to which the buckets of all nodes are written. */
const ALL_BUCKETS = 0;

/** The few statements that the store needs, prepared once. Bucket rows are Float64Array with NaN for NULL. */
export function prepare(db: Sqlite) {
  const marks = (count: number) => new Array(count).fill('?').join(', ');
  const insertNode = db.prepare('INSERT INTO node (key) VALUES (?) RETURNING id');
  const selectNodes = db.prepare('SELECT id, key FROM node');
  const insertTick = db.prepare('INSERT INTO journal (tick, rows) VALUES (?, ?)');
  const selectTicks = db.prepare('SELECT tick, rows FROM journal ORDER BY tick');
  const deleteTicks = db.prepare('DELETE FROM journal WHERE tick < ?');
  const insertChunk = db.prepare('INSERT OR IGNORE INTO chunk (id, last_at, data) VALUES (?, ?, ?)');
  const selectChunks = db.prepare('SELECT data FROM chunk WHERE id >= ? AND id <= ? AND last_at >= ? ORDER BY id');
  const lastChunk = db.prepare('SELECT max(last_at) AS at FROM chunk WHERE id >= ? AND id < ?');
  const pruneChunks = db.prepare(
    'DELETE FROM chunk WHERE id IN (SELECT id FROM chunk WHERE id >= ? AND id < ? AND last_at < ? ORDER BY id LIMIT ?)',
  );
  const setDone = db.prepare('INSERT OR REPLACE INTO done (node, tick) VALUES (?, ?)');
  const selectDone = db.prepare('SELECT node, tick FROM done');
  selectChunks.setReturnArrays(true);
  const columns = BUCKET_COLUMNS.join(', ');
  const tiers = TIERS.map(({ table }) => {
    const write = db.prepare(`INSERT OR REPLACE INTO ${table} (node, ${columns}) VALUES (?, ${marks(BUCKET_WIDTH)})`);
    const select = db.prepare(`SELECT ${columns} FROM ${table} WHERE node = ? AND at >= ? AND at < ? ORDER BY at, first_at`);
    const prune = db.prepare(
      `DELETE FROM ${table} WHERE node = :node AND at < :before AND at <= (SELECT max(at) FROM (SELECT at FROM ${table} WHERE node = :node AND at < :before ORDER BY at LIMIT :rows))`,
    );
    select.setReturnArrays(true);
    return {
      write: (node: number, bucket: Float64Array) => write.run(node, ...stored(bucket)),
      select: (node: number, fromMs: number, toMs: number) => packed(select.all(node, fromMs, toMs), BUCKET_WIDTH),
      /** deletes the oldest `rows` rows before `beforeMs` at most; how many it deleted */
      prune: (node: number, beforeMs: number, rows: number) => Number(prune.run({ node, before: beforeMs, rows }).changes),
    };
  });
  return {
    tiers,
    addNode: (key: string) => asNumber(insertNode.get(key)?.id) ?? 0,
    nodes: () => selectNodes.all().map((row) => ({ id: Number(row.id), key: String(row.key) })),
    addTick: (tick: number, entries: Float64Array) => void insertTick.run(tick, asBytes(entries)),
    *ticks(): Generator<{ tick: number; entries: Float64Array }> {
      for (const row of selectTicks.iterate()) yield { tick: Number(row.tick), entries: asDoubles(row.rows) };
    },
    dropTicks: (before: number) => void deleteTicks.run(before),
    addChunk(node: number, firstAt: number, lastAt: number, data: Uint8Array): void {
      let id = chunkId(node, firstAt);
      while (Number(insertChunk.run(id, lastAt, data).changes) === 0) id++;
    },
    /** chunks with samples of [fromMs, toMs), and maybe some without, in the order of their first samples */
    chunks: (node: number, fromMs: number, toMs: number) =>
      asChunks(selectChunks.all(chunkId(node, fromMs - CHUNK_SPAN_MS), chunkId(node, toMs) + TAKEN_MAX, Math.max(fromMs, -SECONDS))),
    lastChunkAt: (node: number) => asNumber(lastChunk.get(node * SECONDS, (node + 1) * SECONDS)?.at),
    pruneChunks: (node: number, beforeMs: number, rows: number) =>
      Number(pruneChunks.run(node * SECONDS, (node + 1) * SECONDS, beforeMs, rows).changes),
    /** the samples of this tick and of those before are in chunks */
    setDone: (node: number, tick: number) => void setDone.run(node, tick),
    setBucketsDone: (tick: number) => void setDone.run(ALL_BUCKETS, tick),
    done() {
      const ticks = new Map(selectDone.all().map((row) => [Number(row.node), Number(row.tick)]));
      return { buckets: ticks.get(ALL_BUCKETS) ?? 0, nodes: ticks };
    },
  };
}
export type Statements = ReturnType<typeof prepare>;

/** A row of the journal holds entries of this width: the node's id and its sample row. */
export const ENTRY_WIDTH = 1 + SAMPLE_WIDTH;
export const ENTRY_AT = 1 + AT;

const asNumber = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const asBytes = (doubles: Float64Array) => new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength);
/** A blob begins where it likes in memory; doubles do not. */
const asDoubles = (blob: unknown): Float64Array =>
  blob instanceof Uint8Array ? new Float64Array(blob.slice().buffer) : new Float64Array();
/** Rows of one column, by setReturnArrays. */
const asChunks = (rows: unknown[]): Uint8Array[] => (rows as Uint8Array[][]).flatMap(([data]) => data ?? []);

function stored(row: Float64Array): Value[] {
  return Array.from(row, (value) => (Number.isNaN(value) ? null : value));
}

/** Rows of the driver (arrays, by setReturnArrays) into one typed array. */
function packed(rows: readonly unknown[], width: number): Float64Array {
  const out = new Float64Array(width * rows.length);
  let at = 0;
  for (const row of rows as readonly (number | null)[][]) {
    for (let i = 0; i < width; i++) out[at + i] = row[i] ?? Number.NaN;
    at += width;
  }
  return out;
}
