import type { Tx } from '#server/db/index.ts';
import type { Action } from './decide.ts';
import type { RunsDeps } from './deps.ts';
import { storeEvidence } from './evidence.ts';
import { stepOpen, type TargetState } from './state.ts';
import { type StoredRun, updateRun, updateStep, updateTarget } from './store.ts';

type Stored = Extract<Action, { do: 'target' | 'end-target' | 'pause' | 'run' | 'end-run' }>;

/** Actions that only change what is stored; the others do something. */
export const isStored = (action: Action): action is Stored => ['target', 'end-target', 'pause', 'run', 'end-run'].includes(action.do);

/** All of them in one transaction: a reader sees the run before or after, never between. */
export async function applyActions(deps: Pick<RunsDeps, 'db' | 'clock'>, run: StoredRun, actions: readonly Action[]): Promise<void> {
  const now = deps.clock.now();
  const targetOf = (nodeId: string) => run.targets.find((t) => t.nodeId === nodeId);
  await deps.db.transaction().execute(async (tx) => {
    for (const action of actions.filter(isStored)) {
      switch (action.do) {
        case 'pause':
          // What a person asked meanwhile counts more.
          await tx
            .updateTable('runs')
            .set({ control: 'pause', controlBy: 'strategy' })
            .where('id', '=', run.id)
            .where('control', 'is', null)
            .execute();
          break;
        case 'run':
          await updateRun(tx, run.id, { status: action.status, verdict: action.verdict, summary: action.summary });
          break;
        case 'end-run': {
          const { status, verdict, summary } = action;
          await updateRun(tx, run.id, { status, verdict, summary, finishedAt: now, leaseOwner: null, leaseUntil: null });
          await tx.deleteFrom('runLocks').where('runId', '=', run.id).execute();
          break;
        }
        case 'target':
          // A person may have skipped it since this was decided; then its node is not ours any more.
          await tx
            .updateTable('runTargets')
            .set({ status: action.status, startedAt: targetOf(action.nodeId)?.startedAt ?? now })
            .where('runId', '=', run.id)
            .where('nodeId', '=', action.nodeId)
            .where('finishedAt', 'is', null)
            .execute();
          break;
        case 'end-target':
          await endTarget(tx, run.id, action, targetOf(action.nodeId), now);
          break;
      }
    }
  });
  for (const action of actions) if (action.do === 'end-target') await proveCutOff(deps, run.id, targetOf(action.nodeId));
}

/** Its open steps will not be done any more, and its node is free for another run. */
export async function endTarget(
  tx: Tx,
  runId: string,
  { nodeId, status, verdict, summary }: Extract<Action, { do: 'end-target' }>,
  target: TargetState | undefined,
  now: number,
): Promise<void> {
  await updateTarget(tx, runId, nodeId, { status, verdict, summary, finishedAt: now });
  for (const step of target?.steps.filter(stepOpen) ?? []) {
    const cutOff = step.status === 'running';
    const patch = cutOff ? { status: 'failed', summary: 'stopped', finishedAt: now } : { status: 'skipped' };
    await updateStep(tx, runId, nodeId, step.key, patch);
  }
  await tx.deleteFrom('runLocks').where('nodeId', '=', nodeId).where('runId', '=', runId).execute();
}

/** A step that ran has a receipt, also one that was cut off before its first. */
async function proveCutOff(deps: Pick<RunsDeps, 'db' | 'clock'>, runId: string, target: TargetState | undefined): Promise<void> {
  const step = target?.steps.find((s) => s.status === 'running');
  if (target === undefined || step === undefined) return;
  const where = { runId, nodeId: target.nodeId, step: step.key, attempt: target.attempt, now: deps.clock.now() };
  await storeEvidence(deps.db, where, { title: 'stopped', raw: 'the run ended while this step ran' });
}
