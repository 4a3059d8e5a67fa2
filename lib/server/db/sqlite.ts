import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase } from 'kysely';

/** A raw connection with the settings that every file of ours has. For the metric store's worker; everything else goes through Kysely. */
export function openSqlite(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  // WAL: readers never block the writer. busy_timeout in ms: how long to wait for another process's lock before failing.
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;');
  return database;
}

/** The texts of queries that are kept compiled; the engine of the runs alone has some sixty, and writes each of them many times a second. */
const KEPT_STATEMENTS = 300;

/** What Kysely's SqliteDialect asks of a driver, on node:sqlite. */
export function adaptSqlite(database: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, { statement: StatementSync; reader: boolean }>();
  const compiled = (sql: string) => {
    const known = kept.get(sql);
    kept.delete(sql);
    const statement = known?.statement ?? database.prepare(sql);
    const entry = known ?? { statement, reader: statement.columns().length > 0 };
    kept.set(sql, entry);
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT_STATEMENTS && oldest !== undefined) kept.delete(oldest);
    return entry;
  };
  return {
    close: () => database.close(),
    prepare(sql) {
      const { statement, reader } = compiled(sql);
      return {
        reader,
        all: (parameters) => statement.all(...bindable(parameters)),
        // A full disk ends a transaction by itself; undoing it once more would hide why.
        run: (parameters) =>
          sql === 'rollback' && !database.isTransaction ? { changes: 0, lastInsertRowid: 0 } : statement.run(...bindable(parameters)),
        // Rows are taken one by one while other queries go on, maybe the same one: a statement of its own.
        iterate: (parameters) => database.prepare(sql).iterate(...bindable(parameters)),
      };
    },
  };
}

/** SQLite has no booleans and no dates: 0/1 and ISO text, as the tables of the sign-in library expect them. */
function bindable(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters.map((value) => {
    if (value === undefined) return null;
    if (typeof value === 'boolean') return value ? 1 : 0;
    if (value instanceof Date) return value.toISOString();
    if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return value;
    if (value instanceof Uint8Array) return value;
    throw new TypeError(`a SQL parameter is ${typeof value}: it should be text, a number, bytes or null`);
  });
}
