import type { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS, type Migration } from './migrations/index.ts';

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
    const unknown = [...applied].filter((name) => !migrations.some((migration) => migration.name === name));
    if (unknown.length > 0)
      throw new Error(
        `the database was written by a newer Headroom (it has ${unknown.join(', ')}): start that version, or restore a backup`,
      );
    const missing = migrations.filter((migration) => !applied.has(migration.name));
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
