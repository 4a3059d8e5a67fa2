import type { Db } from '#server/db/index.ts';
import { CONFIG_DIFF_TITLE } from '#shared/runs.ts';
import type { RunOutcome } from './known.ts';

/** What runs wrote into config.yaml, as `diff -u` marks lines; nodes that got the same stand together. */
export type ConfigChange = { runId: string; nodeNames: string[]; diff: string };

const MOST_CHANGES = 20;
const MOST_CHARACTERS = 2000;

export async function configChangesOf(db: Db, runs: readonly RunOutcome[]): Promise<ConfigChange[]> {
  if (runs.length === 0) return [];
  const names = new Map(runs.map(({ runId, nodeId, nodeName }) => [`${runId} ${nodeId}`, nodeName]));
  const rows = await db
    .selectFrom('runEvidence')
    .select(['runId', 'nodeId', 'raw'])
    .where('runId', 'in', [...new Set(runs.map(({ runId }) => runId))])
    .where('title', '=', CONFIG_DIFF_TITLE)
    .orderBy('seq')
    .limit(1000)
    .execute();
  const changes = new Map<string, ConfigChange>();
  for (const { runId, nodeId, raw } of rows) {
    const nodeName = names.get(`${runId} ${nodeId}`);
    if (nodeName === undefined || raw === '') continue;
    const key = `${runId} ${raw}`;
    const change = changes.get(key) ?? { runId, nodeNames: [], diff: raw.slice(0, MOST_CHARACTERS) };
    if (!change.nodeNames.includes(nodeName)) change.nodeNames.push(nodeName);
    changes.set(key, change);
  }
  return [...changes.values()].slice(-MOST_CHANGES);
}
