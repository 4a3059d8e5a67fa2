import type { PoolSettings } from '#shared/runs.ts';
import { type Edit, editPool } from './edit-pool.ts';
import { readPool } from './read-pool.ts';

/** A setting that was changed by hand and that we are to set, too. */
export type MergeConflict = { key: string; base: unknown; theirs: unknown; ours: unknown };

/**
 * Three ways: the file as it was when we looked, the file as others left it since, and the settings that we are to make. Their file with our settings,
 * byte for byte theirs everywhere else; what both changed, and not to the same, is a conflict and stays theirs to decide.
 */
export function mergePool(base: Buffer, theirs: Buffer, ours: PoolSettings): { bytes: Buffer; edits: Edit[]; conflicts: MergeConflict[] } {
  const [was, is] = [readPool(base), readPool(theirs)];
  const conflicts = Object.entries(ours).flatMap(([key, wanted]): MergeConflict[] => {
    const [before, now] = [settingOf(was, key), settingOf(is, key)];
    return before === now || now === wanted ? [] : [{ key, base: before, theirs: now, ours: wanted }];
  });
  return { ...editPool(theirs, ours), conflicts };
}

const settingOf = (pool: ReturnType<typeof readPool>, key: string): unknown => Object.entries(pool).find(([name]) => name === key)?.[1];
