import { DatabaseSync } from 'node:sqlite';
import { CompiledQuery, Kysely } from 'kysely';
import { ConfigError } from '#server/kernel/config.ts';
import type { AuditRow } from '#shared/audit-chain.ts';
import { migrateWithin } from './migrate.ts';
import { createPostgresDialect } from './postgres-dialect.ts';
import type { Schema } from './schema.ts';

export type Copied = { tables: { name: string; rows: number }[]; rows: number };
type Ask = (sql: string, values?: readonly unknown[]) => Promise<Record<string, unknown>[]>;

/** A statement carries this much at most. */
const BATCH_ROWS = 1000;
const BATCH_CHARS = 4 * 1024 * 1024;
const AUDIT_PAGE = 500;

/**
 * Every row of a SQLite file that is of today's schema, put into an empty PostgreSQL database in one transaction: whoever is killed leaves nothing there.
 * Before it is committed the rows of every table are counted there, and `checkAudit` reads the audit as PostgreSQL gives it. Throws a ConfigError in words.
 */
export async function copyToPostgres(options: {
  file: string;
  url: string;
  /** throws when the audit is not whole */
  checkAudit: (pages: AsyncIterable<AuditRow[]>) => Promise<void>;
  /** told of every step, so that a test can break off there */
  onStep?: (step: string) => void;
}): Promise<Copied> {
  const step = options.onStep ?? (() => undefined);
  const db = new Kysely<Schema>({ dialect: createPostgresDialect({ url: options.url, onError: () => undefined }) });
  const source = new DatabaseSync(options.file, { readOnly: true });
  try {
    return await db.transaction().execute(async (tx) => {
      const ask: Ask = async (text, values = []) =>
        (await tx.executeQuery<Record<string, unknown>>(CompiledQuery.raw(text, [...values]))).rows;
      await assertEmpty(ask);
      await migrateWithin(tx);
      step('tables');
      const columns = await columnsThere(ask);
      const tables: Copied['tables'] = [];
      for (const name of parentsFirst(source)) {
        tables.push({ name, rows: await copyTable(source, ask, name, columns.get(name)) });
        step(name);
      }
      await countersOn(source, ask);
      for (const { name, rows } of tables) {
        const [counted] = await ask(`SELECT count(*) AS rows FROM ${quoted(name)}`);
        if (counted?.rows !== rows)
          throw new ConfigError(`${name} has ${rows} rows here and ${counted?.rows} in PostgreSQL after the copy`);
      }
      await options.checkAudit(auditPages(ask));
      step('checked');
      return { tables, rows: tables.reduce((sum, { rows }) => sum + rows, 0) };
    });
  } finally {
    source.close();
    await db.destroy();
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Whatever is in it, a console's or another program's: it is not ours to mix with. What an extension brought is no data. */
async function assertEmpty(ask: Ask): Promise<void> {
  const there = await ask(`
    SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname = 'public' DESC, c.relname LIMIT 4`);
  if (there.length === 0) return;
  const names = there.slice(0, 3).map(({ schema, name }) => (schema === 'public' ? name : `${schema}.${name}`));
  throw new ConfigError(
    `the database that HEADROOM_DATABASE_URL names is not empty (${names.join(', ')}${there.length > 3 ? ', …' : ''}): ` +
      'a console is moved into an empty one alone; make one with createdb, before any console was started on it',
  );
}

/** Columns and their types, by table. */
async function columnsThere(ask: Ask): Promise<Map<string, Map<string, string>>> {
  const rows = await ask(
    'SELECT table_name AS name, column_name AS "column", data_type AS type FROM information_schema.columns WHERE table_schema = current_schema()',
  );
  const tables = new Map<string, Map<string, string>>();
  for (const { name, column, type } of rows) {
    const columns = tables.get(String(name)) ?? new Map<string, string>();
    tables.set(String(name), columns.set(String(column), String(type)));
  }
  return tables;
}

/** The tables with rows of ours, each behind those that it refers to. PostgreSQL keeps its own list of migrations. */
function parentsFirst(source: DatabaseSync): string[] {
  const names = source
    .prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'migrations' ORDER BY name",
    )
    .all()
    .map(({ name }) => String(name));
  const parents = new Map(
    names.map((name) => [
      name,
      source
        .prepare('SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(?)')
        .all(name)
        .map((row) => String(row.name)),
    ]),
  );
  const ordered = new Set<string>();
  const place = (name: string, below: readonly string[]) => {
    if (ordered.has(name) || below.includes(name)) return;
    for (const parent of parents.get(name) ?? []) place(parent, [...below, name]);
    ordered.add(name);
  };
  for (const name of names) place(name, []);
  return [...ordered];
}

/** In the order in which they were written; a column is an array, so that a statement is one text however many rows it brings. */
async function copyTable(source: DatabaseSync, ask: Ask, name: string, types: ReadonlyMap<string, string> | undefined): Promise<number> {
  const columns = source
    .prepare('SELECT name FROM pragma_table_info(?)')
    .all(name)
    .map((row) => String(row.name));
  const missing = columns.filter((column) => !types?.has(column));
  if (missing.length > 0)
    throw new ConfigError(`${name} has columns that PostgreSQL does not have (${missing.join(', ')}): it is of another version`);
  const list = columns.map(quoted).join(', ');
  const marks = columns.map((column, i) => `$${i + 1}::${types?.get(column)}[]`).join(', ');
  const statement = `INSERT INTO ${quoted(name)} (${list}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest(${marks})`;
  let batch: unknown[][] = columns.map(() => []);
  let [rows, held, chars] = [0, 0, 0];
  const flush = async () => {
    if (held > 0) await ask(statement, batch);
    batch = columns.map(() => []);
    [held, chars] = [0, 0];
  };
  for (const row of source.prepare(`SELECT ${list} FROM ${quoted(name)} ORDER BY rowid`).iterate()) {
    columns.forEach((column, i) => {
      const value = row[column];
      if (typeof value === 'string') {
        chars += value.length;
        if (value.includes('\0'))
          throw new ConfigError(`${name}.${column} holds a NUL character in row ${rows + 1}: PostgreSQL keeps none in a text`);
      }
      batch[i]?.push(value);
    });
    rows++;
    if (++held >= BATCH_ROWS || chars >= BATCH_CHARS) await flush();
  }
  await flush();
  return rows;
}

/** What was ever given out is not given out again, also where its row is gone. */
async function countersOn(source: DatabaseSync, ask: Ask): Promise<void> {
  const counters = new Map(
    source
      .prepare('SELECT name, seq FROM sqlite_sequence')
      .all()
      .map((row) => [String(row.name), Number(row.seq)]),
  );
  const identities = await ask(
    'SELECT table_name AS name, column_name AS "column" FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = \'YES\'',
  );
  for (const { name, column } of identities) {
    const last = counters.get(String(name)) ?? 0;
    if (last > 0) await ask('SELECT setval(pg_get_serial_sequence($1, $2), $3)', [quoted(String(name)), column, last]);
  }
}

async function* auditPages(ask: Ask): AsyncGenerator<AuditRow[], void, undefined> {
  for (let seq = 0; ; ) {
    const page = asAuditRows(await ask('SELECT * FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2', [seq, AUDIT_PAGE]));
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    seq = last.seq;
  }
}

/** The reader parses them. */
const asAuditRows = (rows: readonly Record<string, unknown>[]): AuditRow[] => rows as AuditRow[];
