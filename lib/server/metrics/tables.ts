import type { openSqlite } from '#server/db/index.ts';
import { BUCKET_COLUMNS, BUCKET_WIDTH } from './bucket-row.ts';
import { isFraction, SAMPLE_COLUMNS, SAMPLE_WIDTH } from './sample-row.ts';
import { TIERS } from './tiers.ts';

export type Sqlite = ReturnType<typeof openSqlite>;
type Value = number | string | null;

const column = (name: string) => `${name} ${isFraction(name) ? 'REAL' : 'INTEGER'}`;

/** One row a sample and one row a bucket, clustered by node and time so that a chart reads neighbouring pages. */
export function createTables(db: Sqlite): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16000;');
  db.exec('CREATE TABLE IF NOT EXISTS node (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT');
  db.exec(
    `CREATE TABLE IF NOT EXISTS raw (node INTEGER NOT NULL, ${SAMPLE_COLUMNS.map(column).join(', ')}, PRIMARY KEY (node, at)) STRICT, WITHOUT ROWID`,
  );
  // first_at, not the life, is in the key: one span may hold several lives, and one life of unknown start
  for (const { table } of TIERS)
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${table} (node INTEGER NOT NULL, ${BUCKET_COLUMNS.map(column).join(', ')}, PRIMARY KEY (node, at, first_at)) STRICT, WITHOUT ROWID`,
    );
}

/** The few statements that the store needs, prepared once. Rows are Float64Array with NaN for NULL. */
export function prepare(db: Sqlite) {
  const columns = { raw: SAMPLE_COLUMNS.join(', '), bucket: BUCKET_COLUMNS.join(', ') };
  const marks = (count: number) => new Array(count).fill('?').join(', ');
  const insertRaw = db.prepare(`INSERT OR IGNORE INTO raw (node, ${columns.raw}) VALUES (?, ${marks(SAMPLE_WIDTH)})`);
  const selectRaw = db.prepare(`SELECT ${columns.raw} FROM raw WHERE node = ? AND at >= ? AND at < ? ORDER BY at`);
  const lastRaw = db.prepare('SELECT max(at) AS at FROM raw WHERE node = ?');
  const insertNode = db.prepare('INSERT INTO node (key) VALUES (?) RETURNING id');
  const selectNodes = db.prepare('SELECT id, key FROM node');
  selectRaw.setReturnArrays(true);
  const tiers = TIERS.map(({ table, spanMs }) => {
    const write = db.prepare(`INSERT OR REPLACE INTO ${table} (node, ${columns.bucket}) VALUES (?, ${marks(BUCKET_WIDTH)})`);
    const select = db.prepare(`SELECT ${columns.bucket} FROM ${table} WHERE node = ? AND at >= ? AND at < ? ORDER BY at, first_at`);
    select.setReturnArrays(true);
    return {
      spanMs,
      write: (node: number, bucket: Float64Array) => write.run(node, ...stored(bucket)),
      select: (node: number, fromMs: number, toMs: number) => packed(select.iterate(node, fromMs, toMs), BUCKET_WIDTH),
    };
  });
  const prunes = ['raw', ...TIERS.map((tier) => tier.table)].map((table) =>
    db.prepare(
      `DELETE FROM ${table} WHERE node = :node AND at < :before AND at <= (SELECT max(at) FROM (SELECT at FROM ${table} WHERE node = :node AND at < :before ORDER BY at LIMIT :rows))`,
    ),
  );
  return {
    tiers,
    /** false = this sample is stored already */
    insertRaw: (node: number, row: Float64Array) => Number(insertRaw.run(node, ...stored(row)).changes) > 0,
    selectRaw: (node: number, fromMs: number, toMs: number) => packed(selectRaw.iterate(node, fromMs, toMs), SAMPLE_WIDTH),
    lastAt: (node: number) => asNumber(lastRaw.get(node)?.at),
    addNode: (key: string) => asNumber(insertNode.get(key)?.id) ?? 0,
    nodes: () => selectNodes.all().map((row) => ({ id: Number(row.id), key: String(row.key) })),
    /** deletes the oldest `rows` rows before `beforeMs` at most; how many it deleted */
    prune: (table: number, node: number, beforeMs: number, rows: number) =>
      Number(prunes[table]?.run({ node, before: beforeMs, rows }).changes ?? 0),
  };
}
export type Statements = ReturnType<typeof prepare>;

const asNumber = (value: unknown): number | null => (typeof value === 'number' ? value : null);

function stored(row: Float64Array): Value[] {
  return Array.from(row, (value) => (Number.isNaN(value) ? null : value));
}

/** Rows of the driver (arrays, by setReturnArrays) into one typed array. */
function packed(rows: Iterable<unknown>, width: number): Float64Array {
  let out = new Float64Array(width * 64);
  let at = 0;
  for (const row of rows as Iterable<(number | null)[]>) {
    if (at + width > out.length) {
      const wider = new Float64Array(out.length * 2);
      wider.set(out);
      out = wider;
    }
    for (let i = 0; i < width; i++) out[at + i] = row[i] ?? Number.NaN;
    at += width;
  }
  return out.slice(0, at);
}
