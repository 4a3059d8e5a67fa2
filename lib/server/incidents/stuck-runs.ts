import type { Db } from '#server/db/index.ts';
import { runName } from '#shared/run-name.ts';
import type { NodeView } from './rules/view.ts';

/** Nodes of one run that are called stuck: more tell nothing more. */
const MOST_HELD = 20;
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
    // of a thousand nodes there are thousands of steps: only a run that stands still is looked at more closely
    const last = await db
      .selectFrom('runSteps')
      .select((eb) => [eb.fn.max('startedAt').as('started'), eb.fn.max('finishedAt').as('finished')])
      .where('runId', '=', run.id)
      .executeTakeFirst();
    const moved = Math.max(run.createdAt, Number(last?.started ?? 0), Number(last?.finished ?? 0));
    const minutes = (now - moved - patience(run.params)) / 60_000;
    if (minutes < 1) continue;
    const at = await db
      .selectFrom('runSteps')
      .select(['nodeId', 'title'])
      .where('runId', '=', run.id)
      .where('status', 'in', ['running', 'waiting'])
      .limit(MOST_HELD)
      .execute();
    const held = await db.selectFrom('runLocks').select('nodeId').where('runId', '=', run.id).limit(MOST_HELD).execute();
    for (const { nodeId } of held) {
      const step = at.find((s) => s.nodeId === nodeId);
      const doing = `${runName(run.id)} is ${run.status}${step ? ` at "${step.title}"` : ''}`;
      stuck.set(nodeId, { id: run.id, minutes, doing });
    }
  }
  return stuck;
}

function patience(params: string): number {
  const given: Record<string, unknown> = JSON.parse(params);
  return 1000 * Math.max(0, ...PATIENT.map((name) => Number(given[name] ?? 0)).filter(Number.isFinite));
}
