import { HandleEmptyInListsPlugin, Kysely, replaceWithNoncontingentExpression, SqliteDialect, type Transaction } from 'kysely';
import { migrate, migratePostgres } from './migrate.ts';
import { createPostgresDialect } from './postgres-dialect.ts';
import type { Schema } from './schema.ts';
import { adaptSqlite, openSqlite } from './sqlite.ts';

export { type Copied, copyToPostgres } from './copy.ts';
export { openListener } from './listener.ts';
export { holdLock } from './lock.ts';
export { openPostgres, type Postgres, type SqlRow, type SqlValue } from './postgres.ts';
export type { Schema } from './schema.ts';
export { sharedNow, withLock } from './shared.ts';
export { inspectSqlite, newerThanKnown, readSnapshot, scrubSqlite, snapshotSqlite } from './snapshot.ts';
export { openSqlite };

/**
 * Transactions run one after the other, on SQLite (one connection) and on PostgreSQL (a lock that all processes take): inside one use the `tx`
 * that you were given (a query on `db` would wait for that very transaction), and wait for nothing but the database there.
 */
export type Db = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/**
 * Opens the console's database and brings it up to date: a file of SQLite (`:memory:` in tests), or PostgreSQL, which any number of processes
 * may share. Rows of both have the same values: numbers, text and null. `onError`: an idle connection broke.
 */
export async function openDatabase(options: { file: string } | { url: string; onError?: (error: unknown) => void }): Promise<Db> {
  if ('file' in options) return openFile(options.file);
  const db = new Kysely<Schema>({
    dialect: createPostgresDialect({ url: options.url, onError: options.onError ?? (() => undefined) }),
    // `in ()` is no SQL but for SQLite
    plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
  });
  try {
    await migratePostgres(db);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function openFile(file: string): Promise<Db> {
  const sqlite = openSqlite(file);
  // An answered write survives a power cut.
  sqlite.exec('PRAGMA synchronous = FULL');
  try {
    migrate(sqlite);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return new Kysely<Schema>({ dialect: new SqliteDialect({ database: adaptSqlite(sqlite) }) });
}
