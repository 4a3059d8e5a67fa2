import { Kysely, SqliteDialect, type Transaction } from 'kysely';
import { migrate } from './migrate.ts';
import type { Schema } from './schema.ts';
import { adaptSqlite, openSqlite } from './sqlite.ts';

export { holdLock } from './lock.ts';
export { openPostgres, type Postgres, type SqlRow, type SqlValue } from './postgres.ts';
export type { Schema } from './schema.ts';
export { openSqlite };

/**
 * One connection, so queries queue: inside a transaction use the `tx` that you were given (a query on `db` would wait for that very
 * transaction), and wait for nothing but the database there.
 */
export type Db = Kysely<Schema>;
export type Tx = Transaction<Schema>;

/** Opens the console's database and brings it up to date. `:memory:` in tests. */
export async function openDatabase(options: { file: string }): Promise<Db> {
  const sqlite = openSqlite(options.file);
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
