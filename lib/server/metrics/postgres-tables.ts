import type { Postgres, SqlRow, SqlValue } from '#server/db/index.ts';
import { BUCKET_COLUMNS } from './bucket-row.ts';
import { isFraction, SAMPLE_COLUMNS } from './sample-row.ts';
import { TIERS } from './tiers.ts';

const DAY_MS = 86_400_000;
type Ask = Postgres['query'];

/** One table of the schema: its columns after `node`, its key, and the span of one partition. */
export type Table = { name: string; columns: readonly string[]; key: string; partitionMs: number };
export const RAW_TABLE: Table = { name: 'metric_raw', columns: SAMPLE_COLUMNS, key: 'node, at', partitionMs: DAY_MS };
export const BUCKET_TABLES: readonly Table[] = TIERS.map(({ table }) => ({
  name: `metric_${table}`,
  columns: BUCKET_COLUMNS,
  key: 'node, at, first_at',
  partitionMs: DAY_MS,
}));

/** So that none has to be made while samples wait for it. */
const AHEAD_MS = DAY_MS;
/** Dropping a partition waits no longer than this for those who read it, so nobody waits longer behind it. */
const LOCK_WAIT = '1s';

const typeOf = (column: string) => (isFraction(column) ? 'double precision' : 'bigint');
/** Two consoles that start at once make the tables one after the other. */
const MAKING = 4_117_003;

export async function createTables(postgres: Postgres): Promise<void> {
  await postgres.transaction(async (ask) => {
    await ask('SELECT pg_advisory_xact_lock($1)', [MAKING]);
    await ask('CREATE TABLE IF NOT EXISTS metric_node (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL UNIQUE)');
    for (const { name, columns, key } of [RAW_TABLE, ...BUCKET_TABLES])
      await ask(
        `CREATE TABLE IF NOT EXISTS ${name} (node integer NOT NULL, ${columns.map((c) => `${c} ${typeOf(c)}`).join(', ')}, PRIMARY KEY (${key})) PARTITION BY RANGE (at)`,
      );
  });
}

/** The partitions of one table, each named by the day that it begins on. */
export function createPartitions(table: Table) {
  const known = new Set<number>();
  const spanOf = (atMs: number) => Math.floor(atMs / table.partitionMs) * table.partitionMs;
  const nameOf = (from: number) => `${table.name}_${new Date(from).toISOString().slice(0, 10).replaceAll('-', '')}`;
  const startOf = (name: string) => {
    const [, year, month, day] = /_(\d{4,6})(\d\d)(\d\d)$/.exec(name) ?? [];
    return Date.UTC(Number(year), Number(month) - 1, Number(day));
  };
  const make = async (ask: Ask, times: Iterable<number>) => {
    for (const from of new Set([...times].map(spanOf))) {
      if (known.has(from)) continue;
      await ask('SELECT pg_advisory_xact_lock($1)', [MAKING]);
      await ask(
        `CREATE TABLE IF NOT EXISTS ${nameOf(from)} PARTITION OF ${table.name} FOR VALUES FROM (${from}) TO (${from + table.partitionMs})`,
      );
    }
  };
  return {
    /** In a transaction; `keep` what it made once that is committed. */
    make,
    keep: (times: Iterable<number>) => {
      for (const at of times) known.add(spanOf(at));
    },
    makeAhead: (postgres: Postgres, nowMs: number) =>
      postgres
        .transaction((ask) => make(ask, [nowMs, nowMs + AHEAD_MS]))
        .then(() => {
          for (const at of [nowMs, nowMs + AHEAD_MS]) known.add(spanOf(at));
        }),
    /** Drops those that end before `beforeMs`. */
    async drop(postgres: Postgres, beforeMs: number): Promise<void> {
      const rows = await postgres.query(
        'SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass ORDER BY 1',
        [table.name],
      );
      for (const name of rows.map((row) => String(row[0]))) {
        const from = startOf(name);
        if (!(from + table.partitionMs <= beforeMs)) continue;
        await postgres.transaction(async (ask) => {
          await ask(`SET LOCAL lock_timeout = '${LOCK_WAIT}'`);
          await ask(`DROP TABLE IF EXISTS ${name}`);
        });
        known.delete(from);
      }
    },
  };
}

/** Many rows with one statement, a column an array. `rows[i]` belongs to `nodes[i]`; NaN becomes NULL. Gives (node, at) of what was new. */
export async function insertRows(
  ask: Ask,
  table: Table,
  nodes: readonly number[],
  rows: readonly Float64Array[],
  onConflict: 'keep' | 'replace',
): Promise<SqlRow[]> {
  const { name, columns, key } = table;
  const arrays: SqlValue[] = [`{${nodes.join()}}`];
  for (let i = 0; i < columns.length; i++) arrays.push(`{${rows.map((row) => (Number.isNaN(row[i]) ? 'NULL' : row[i])).join()}}`);
  const marks = ['$1::integer[]', ...columns.map((column, i) => `$${i + 2}::${typeOf(column)}[]`)];
  const action = onConflict === 'keep' ? 'NOTHING' : `UPDATE SET ${columns.map((c) => `${c} = excluded.${c}`).join(', ')}`;
  return ask(
    `INSERT INTO ${name} (node, ${columns.join(', ')}) SELECT * FROM unnest(${marks.join(', ')}) ON CONFLICT (${key}) DO ${action} RETURNING node, at`,
    arrays,
  );
}

export function packed(rows: readonly SqlRow[], width: number): Float64Array {
  const out = new Float64Array(rows.length * width);
  rows.forEach((row, r) => {
    for (let i = 0; i < width; i++) {
      const value = row[i];
      out[r * width + i] = typeof value === 'number' ? value : Number.NaN;
    }
  });
  return out;
}
