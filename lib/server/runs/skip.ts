import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { StepKind } from '#shared/runbooks.ts';
import { type Run, skipInputSchema } from '#shared/runs.ts';
import { endTarget } from './apply-actions.ts';
import { open, outcome } from './control.ts';
import { targetIds, updateStep, updateTarget } from './store.ts';
import { SKIPPED_BY } from './words.ts';

/** Steps that look and judge. Those that change a node, guard it or ask a person are not left out. */
const SKIPPABLE: readonly StepKind[] = ['baseline', 'verify-fds', 'watch', 'verify-logs', 'verify-metrics', 'capture'];

const input = skipInputSchema.extend({ id: z.string().min(1).max(64) });

/** Leaves out a node that was not begun, or one coming step of a node. A node whose judgement was left out is never called fixed. */
export const skipInRun: Verb<typeof input, Tx, Run> = {
  name: 'run.skip',
  permission: 'run.control',
  input,
  nodes: targetIds,
  async run(tx, { id, nodeId, step: key, reason }, { actor, now }) {
    const run = await open(tx, id, 'changed');
    const target = run.targets.find((t) => t.nodeId === nodeId);
    if (target === undefined) throw refused(`The run ${id} has no node ${nodeId}`);
    const summary = `${SKIPPED_BY}${actor.name}: ${reason}`;
    if (key === undefined) {
      if (target.startedAt !== null || target.finishedAt !== null)
        throw refused(
          `${target.name} is ${target.status}: only a node that was not begun yet is skipped; abort the run to stop one that was`,
        );
      await endTarget(tx, id, { do: 'end-target', nodeId, status: 'skipped', verdict: null, summary }, target, now);
    } else {
      const step = target.steps.find((s) => s.key === key);
      if (step === undefined || step.status !== 'pending')
        throw refused(
          `The step "${key}" of ${target.name} is ${step?.status ?? 'not there'}: only a step that was not begun yet is skipped`,
        );
      if (!SKIPPABLE.some((kind) => kind === step.kind))
        throw refused(`"${step.title}" changes or guards the node, or asks a person: it is not skipped; one of ${SKIPPABLE.join(', ')} is`);
      await updateStep(tx, id, nodeId, key, { status: 'skipped', summary });
      if (target.verdict !== 'fail') await updateTarget(tx, id, nodeId, { verdict: 'inconclusive' });
    }
    return outcome(tx, run, { skipped: target.name, step: key ?? null, reason });
  },
};

const refused = (words: string) => new HeadroomError('run.wrong-state', `${words}.`);
