import type { Db } from '#server/db/index.ts';
import type { TargetMemo } from './state.ts';
import { asMemo } from './store.ts';
import { opsId } from './way-back.ts';

/** Under which name a run's last attempt left its files on a node, and what it knew. */
export async function earlierAttempt(db: Db, runId: string, nodeId: string): Promise<{ opsId: string; memo: TargetMemo } | null> {
  const row = await db
    .selectFrom('runTargets')
    .select(['attempt', 'memo'])
    .where('runId', '=', runId)
    .where('nodeId', '=', nodeId)
    .executeTakeFirst();
  return row === undefined ? null : { opsId: opsId(runId, row.attempt), memo: asMemo(JSON.parse(row.memo)) };
}
