import { storageFailure } from '#server/kernel/storage-failure.ts';

/** Ids whose last try is remembered; more than a console has sessions and tokens in use. */
const MOST = 10_000;

/**
 * When somebody was seen last is told to people, and ends what is idle: a disk that takes no note of it keeps nobody out now. One try per id and `stepMs`,
 * since a database that another process holds makes each wait.
 */
export function createSeenNotes(stepMs: number): (id: string, now: number, write: () => Promise<unknown>) => Promise<void> {
  const tried = new Map<string, number>();
  return async (id, now, write) => {
    const last = tried.get(id);
    if (last !== undefined && Math.abs(now - last) < stepMs) return;
    if (tried.size >= MOST) tried.clear();
    tried.set(id, now);
    try {
      await write();
    } catch (error) {
      if (storageFailure(error) === null) throw error;
    }
  };
}
