import type { DatabaseSync } from 'node:sqlite';
import { CompiledQuery, type Kysely, type Transaction } from 'kysely';
import { ConfigError } from '#server/kernel/config.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import type { Schema } from './schema.ts';

/** Applies what is missing, all of it or nothing, under SQLite's write lock, so that two consoles that start together do not both do it. */
export function migrate(database: DatabaseSync, migrations: readonly Migration[] = MIGRATIONS): string[] {
  database.exec('BEGIN IMMEDIATE');
  try {
    database.exec('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, appliedAt INTEGER NOT NULL) STRICT');
    const applied = new Set(
      database
        .prepare('SELECT name FROM migrations')
        .all()
        .map((row) => String(row.name)),
    );
    const missing = missingOf(applied, migrations);
    for (const migration of missing) {
      database.exec(migration.sql);
      database.prepare('INSERT INTO migrations (name, appliedAt) VALUES (?, ?)').run(migration.name, Date.now());
    }
    database.exec('COMMIT');
    return missing.map((migration) => migration.name);
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** The same on PostgreSQL: its statements are transactional, too, and transactions of all processes run one after the other. */
export async function migratePostgres(db: Kysely<Schema>, migrations: readonly Migration[] = MIGRATIONS): Promise<string[]> {
  return db.transaction().execute((tx) => migrateWithin(tx, migrations));
}

/** In a transaction of who has more to do in it. */
export async function migrateWithin(tx: Transaction<Schema>, migrations: readonly Migration[] = MIGRATIONS): Promise<string[]> {
  await tx.executeQuery(CompiledQuery.raw('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, "appliedAt" BIGINT NOT NULL)'));
  const applied = await tx.selectFrom('migrations').select('name').execute();
  const missing = missingOf(new Set(applied.map((row) => row.name)), migrations);
  for (const { name, postgres } of missing) {
    await tx.executeQuery(CompiledQuery.raw(postgres));
    await tx.insertInto('migrations').values({ name, appliedAt: Date.now() }).execute();
  }
  return missing.map((migration) => migration.name);
}

function missingOf(applied: ReadonlySet<string>, migrations: readonly Migration[]): Migration[] {
  const unknown = [...applied].filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0)
    throw new ConfigError(
      `the database was written by a newer Headroom (it has ${unknown.join(', ')}): start that version, or restore a backup`,
    );
  return migrations.filter((migration) => !applied.has(migration.name));
}
