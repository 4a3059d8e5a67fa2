import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { createNodes } from '#server/nodes/index.ts';
import type { Runbooks } from '#server/runbooks/index.ts';
import { hasEnded, type Run, reasonSchema } from '#shared/runs.ts';
import { find, wrongState } from './control.ts';
import { BACK_TO_AGREED, writeRun } from './start.ts';
import { assertNotStopped } from './stop-all.ts';
import { targetIds } from './store.ts';

const input = reasonSchema.partial().extend({ id: z.string().min(1).max(64) });

/** A new run that puts back what an ended one changed, on exactly the nodes that still have its change. */
export function createRollBack(deps: { runbooks: Runbooks }): Verb<typeof input, Tx, Run> {
  return {
    name: 'run.roll-back',
    permission: 'run.start',
    input,
    nodes: targetIds,
    async run(tx, { id, reason }, context) {
      await assertNotStopped(tx);
      const run = await find(tx, id);
      if (!hasEnded(run.status)) throw wrongState(run, 'rolled back; abort it instead');
      const changed = run.targets.filter((t) => (t.edit === 'done' || t.edit === 'asked') && t.wayBack !== 'reverted').map((t) => t.nodeId);
      const members = (await createNodes({ db: tx }).list()).filter((m) => changed.includes(m.id));
      if (members.length === 0)
        throw new HeadroomError('run.wrong-state', `No registered node has a change of the run ${id}: there is nothing to roll back.`);
      const { strategy } = run;
      const plan = { selector: `changed by ${id}`, strategy, params: { run: id }, dryRun: false, members, override: BACK_TO_AGREED };
      const started = await writeRun(tx, { ...plan, runbook: deps.runbooks.get('config-rollback') }, context);
      return { ...started, before: { rolledBack: id }, after: { reason: reason ?? null, nodes: members.map((m) => m.name) } };
    },
  };
}
