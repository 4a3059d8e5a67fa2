import { type Kysely, sql, type Transaction } from 'kysely';
import type { Schema } from './schema.ts';

/** From the global registry: Next bundles a second copy of this file. */
export const SHARED = Symbol.for('headroom.shared-database');

type On = Kysely<Schema> | Transaction<Schema>;

/** Whether other processes use this database, too: true on PostgreSQL. */
export const isShared = (db: On): boolean => SHARED in db.getExecutor().adapter;

/** For what only one process of all may do at a time, outside of any transaction; on SQLite there is only one. The lock ends with the connection. */
export async function withLock<T>(db: Kysely<Schema>, name: number, work: () => Promise<T>): Promise<T> {
  if (!isShared(db)) return work();
  return db.connection().execute(async (connection) => {
    await sql`SELECT pg_advisory_lock(${sql.lit(name)})`.execute(connection);
    try {
      return await work();
    } finally {
      await sql`SELECT pg_advisory_unlock(${sql.lit(name)})`.execute(connection);
    }
  });
}

/**
 * The instant in `afterMs` for leases, epoch ms: by the database's clock where several machines share it, whatever their own clocks say.
 * To be used inside a statement.
 */
export const sharedNow = (db: On, now: number, afterMs = 0) =>
  isShared(db) ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint + ${sql.lit(afterMs)}` : sql<number>`${now + afterMs}`;
