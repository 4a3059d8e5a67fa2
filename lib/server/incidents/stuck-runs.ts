import type { Db } from '#server/db/index.ts';
import { runName } from '#shared/run-name.ts';
import type { NodeView } from './rules/view.ts';

/** Steps that are meant to take long say so in the run's params, seconds. */
const PATIENT = ['watchSeconds', 'baselineSeconds'];

/** Per node, the run that holds it and how long that has not moved: no step began or ended. Runs that wait for a second person are not stuck. */
export async function stuckRuns(db: Db, now: number): Promise<Map<string, NonNullable<NodeView['stuckRun']>>> {
  const stuck = new Map<string, NonNullable<NodeView['stuckRun']>>();
  const runs = await db
    .selectFrom('runs')
    .select(['id', 'params', 'createdAt', 'status'])
    .where('finishedAt', 'is', null)
    .where('mutates', '=', 1)
    .where('status', 'in', ['running', 'waiting', 'paused'])
    .execute();
  for (const run of runs) {
    const steps = await db
      .selectFrom('runSteps')
      .select(['nodeId', 'title', 'status', 'startedAt', 'finishedAt'])
      .where('runId', '=', run.id)
      .where('startedAt', 'is not', null)
      .execute();
    const moved = Math.max(run.createdAt, ...steps.map((s) => Math.max(s.startedAt ?? 0, s.finishedAt ?? 0)));
    const minutes = (now - moved - patience(run.params)) / 60_000;
    if (minutes <= 0) continue;
    const held = await db.selectFrom('runLocks').select('nodeId').where('runId', '=', run.id).execute();
    for (const { nodeId } of held) {
      const at = steps.find((s) => s.nodeId === nodeId && (s.status === 'running' || s.status === 'waiting'));
      const doing = `${runName(run.id)} is ${run.status}${at ? ` at "${at.title}"` : ''}`;
      stuck.set(nodeId, { id: run.id, minutes, doing });
    }
  }
  return stuck;
}

function patience(params: string): number {
  const given: Record<string, unknown> = JSON.parse(params);
  return 1000 * Math.max(0, ...PATIENT.map((name) => Number(given[name] ?? 0)).filter(Number.isFinite));
}
