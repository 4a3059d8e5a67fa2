import { DatabaseSync } from 'node:sqlite';

/**
 * Holds `file` for this process alone until released or dead: two engines on one data directory would both act on the nodes.
 * The kernel drops the lock when the process dies, however it dies. False: another process holds it.
 */
export function holdLock(file: string, waitMs = 3000): { release(): void } | null {
  const database = new DatabaseSync(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${waitMs}; BEGIN EXCLUSIVE`);
  } catch {
    database.close();
    return null;
  }
  return { release: () => database.close() };
}
