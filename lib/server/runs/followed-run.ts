import type { Db } from '#server/db/index.ts';
import { loadMoving, loadRun, loadTargets, type RunRow, type StoredRun } from './store.ts';

/**
 * A run as stored, read again only where it changed: a rollout over 1,000 nodes has some 13,000 steps, and each of them changes a few times. Whoever
 * writes says which node it wrote about; a change from outside (a person's word, another process) makes all of it unknown.
 */
export function createFollowedRun(db: Db, runId: string, soft: (run: RunRow) => ReadonlySet<string>) {
  type Known = { run: StoredRun; soft: ReadonlySet<string>; at: ReadonlyMap<string, number> };
  let known: Known | null = null;
  /** counts the words from outside: what was read before the last one is not to be kept */
  let word = 0;
  let stale = new Set<string>();

  async function whole(): Promise<Known | null> {
    let keys: ReadonlySet<string> = new Set();
    const run = await loadRun(db, runId, (row) => {
      keys = soft(row);
      return keys;
    });
    return run && { run, soft: keys, at: new Map(run.targets.map((t, i) => [t.nodeId, i])) };
  }

  async function refreshed(before: Known, nodeIds: readonly string[]): Promise<Known | null> {
    const moving = await loadMoving(db, runId);
    if (moving === null) return null;
    // A control that this process did not read before came with other changes.
    if (moving.control !== before.run.control || moving.acceptedFailures !== before.run.acceptedFailures) return whole();
    const targets = [...before.run.targets];
    if (nodeIds.length > 0)
      for (const target of await loadTargets(db, runId, before.soft, nodeIds)) targets[before.at.get(target.nodeId) ?? -1] = target;
    return { ...before, run: { ...before.run, ...moving, targets } };
  }

  return {
    changed(nodeId: string): void {
      stale.add(nodeId);
    },
    changedElsewhere(): void {
      known = null;
      word += 1;
    },
    /** Null when there is no such run. A change that comes while this reads is read by the next call. */
    async read(): Promise<StoredRun | null> {
      const before = known;
      const nodeIds = [...stale];
      const asOf = word;
      stale = new Set();
      known = null;
      const now = before === null ? await whole() : await refreshed(before, nodeIds);
      if (asOf === word) known = now;
      return now?.run ?? null;
    },
  };
}
