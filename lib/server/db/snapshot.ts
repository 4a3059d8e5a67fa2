import { DatabaseSync } from 'node:sqlite';
import { MIGRATIONS } from './migrations/index.ts';

/** A consistent copy of a database that another process goes on writing to, in one file without what was deleted. `to` must not be there. */
export function snapshotSqlite(file: string, to: string): void {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    database.exec('PRAGMA busy_timeout = 5000');
    database.prepare('VACUUM INTO ?').run(to);
  } finally {
    database.close();
  }
}

/** What is wrong with a file as a database of ours, in words; null when nothing is. `newer`: migrations that this version does not know. */
export function inspectSqlite(file: string): { problem: string | null; migrations: string[]; newer: string[] } {
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      const [first] = database.prepare('PRAGMA quick_check(1)').all();
      const problem = first?.quick_check === 'ok' ? null : String(first?.quick_check);
      const hasMigrations = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'migrations'").get() !== undefined;
      const rows = hasMigrations ? database.prepare('SELECT name FROM migrations ORDER BY name').all() : [];
      const migrations = rows.map((row) => String(row.name));
      return { problem, migrations, newer: newerThanKnown(migrations) };
    } finally {
      database.close();
    }
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error), migrations: [], newer: [] };
  }
}

/** Rows of a copy of any version, as they are: nothing in it is brought up to date. */
export function readSnapshot<T>(file: string, work: (rows: (sql: string) => Iterable<Record<string, unknown>>) => T): T {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return work((sql) => database.prepare(sql).iterate());
  } finally {
    database.close();
  }
}

export const newerThanKnown = (migrations: readonly string[]): string[] =>
  migrations.filter((name) => !MIGRATIONS.some((known) => known.name === name));

/** Overwrites what deleted rows left behind in the file and in its log. */
export function scrubSqlite(file: string): void {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA busy_timeout = 5000; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
}
