import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { StepKind } from '#shared/runbooks.ts';
import { byHandInputSchema, type Run } from '#shared/runs.ts';
import { open, outcome } from './control.ts';
import { targetIds, updateStep } from './store.ts';

/** What the document lets people type. */
const BY_HAND: readonly StepKind[] = ['edit-config', 'service'];

const input = byHandInputSchema.extend({ id: z.string().min(1).max(64) });

/** "I did this by hand: verify it". The step then looks first, takes what it finds, and does only what is missing; everything after it is the same. */
export const doneByHand: Verb<typeof input, Tx, Run> = {
  name: 'run.by-hand',
  permission: 'run.control',
  input,
  nodes: targetIds,
  async run(tx, { id, nodeId, step: key }, { actor }) {
    const run = await open(tx, id, 'changed');
    const target = run.targets.find((t) => t.nodeId === nodeId);
    const step = target?.steps.find((s) => s.key === key);
    if (target === undefined || step === undefined) throw refused(`The run ${id} has no step "${key}" on the node ${nodeId}`);
    if (!BY_HAND.some((kind) => kind === step.kind))
      throw refused(`"${step.title}" is nothing that is done by hand: an edit or a restart is`);
    if (step.status !== 'pending')
      throw refused(`"${step.title}" on ${target.name} is ${step.status}: pause the run before a step that you do by hand`);
    await updateStep(tx, id, nodeId, key, { byHand: actor.name });
    return outcome(tx, run, { byHand: key, node: target.name });
  },
};

const refused = (words: string) => new HeadroomError('run.wrong-state', `${words}.`);
