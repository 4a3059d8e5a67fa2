import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { Run } from '#shared/runs.ts';
import { open, outcome, wrongState } from '../control.ts';
import { takeNodes } from '../start.ts';
import { assertNotStopped } from '../stop-all.ts';
import { targetIds, updateRun } from '../store.ts';

const input = z.object({ id: z.string().min(1).max(64) });

/** The second person's word. Not the starter's own, and not a token's: a token in the same pocket would be the same person. */
export const approveRun: Verb<typeof input, Tx, Run> = {
  name: 'run.approve',
  permission: 'run.approve',
  input,
  nodes: targetIds,
  async run(tx, { id }, { actor, now }) {
    await assertNotStopped(tx);
    const run = await open(tx, id, 'approved');
    if (run.status !== 'awaiting-approval' || run.control === 'abort') throw wrongState(run, 'approved');
    const { startedById } = await tx.selectFrom('runs').select('startedById').where('id', '=', id).executeTakeFirstOrThrow();
    if (actor.kind !== 'user' || actor.id === startedById)
      throw new HeadroomError(
        'run.same-person',
        actor.kind === 'user'
          ? `${actor.name} started the run ${id}: somebody else with the permission run.approve must agree to it.`
          : `A person agrees to a run, signed in, and not the token ${actor.name}.`,
      );
    await takeNodes(
      tx,
      id,
      run.targets.map((t) => ({ id: t.nodeId, name: t.name })),
    );
    await updateRun(tx, id, { status: 'running', approvedBy: actor.name, approvedAt: now, summary: `approved by ${actor.name}; starting` });
    return outcome(tx, run, { approvedBy: actor.name });
  },
};
