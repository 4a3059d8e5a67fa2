import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { assertFreshFactor, NODES_WITHOUT_FACTOR } from '#server/kernel/fresh-factor.ts';
import type { Verb, VerbContext } from '#server/kernel/verb.ts';
import { createNodes } from '#server/nodes/index.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { hasEnded, type Run } from '#shared/runs.ts';
import { find, outcome, wrongState } from './control.ts';
import { loadRules } from './rules/rules.ts';
import { standingOf } from './rules/standing.ts';
import {
  APPROVAL_MS,
  assertMayOverride,
  assertMayPushCode,
  BACK_TO_AGREED,
  type Facts,
  FRESH_STEP,
  FRESH_TARGET,
  pushesCode,
  takeNodes,
} from './start.ts';
import { assertNotStopped } from './stop-all.ts';
import { type StoredRun, targetIds, updateRun, updateStep, updateTarget } from './store.ts';

const runRef = z.object({ id: z.string().min(1).max(64) });

/** Runs the targets again that did not succeed, from their first step, as a new attempt. */
export const createRetryRun = (deps: { facts: Facts | undefined }): Verb<typeof runRef, Tx, Run> => ({
  name: 'run.retry',
  permission: 'run.control',
  input: runRef,
  nodes: targetIds,
  async run(tx, { id }, { actor, now }) {
    await assertNotStopped(tx);
    const run = await find(tx, id);
    const again = run.targets.filter((t) => t.status !== 'succeeded');
    if (!hasEnded(run.status) || again.length === 0) throw wrongState(run, 'retried');
    await assertMayStartAnew(tx, run, again, deps.facts, { actor, now });
    if (run.mutates)
      await takeNodes(
        tx,
        id,
        again.map((t) => ({ id: t.nodeId, name: t.name })),
      );
    for (const target of again) {
      await updateTarget(tx, id, target.nodeId, { ...FRESH_TARGET, memo: {}, attempt: target.attempt + 1, status: 'pending', summary: '' });
      for (const step of target.steps) {
        const left = run.dryRun && step.status === 'skipped' && step.summary === 'left out of a dry run';
        if (!left) await updateStep(tx, id, target.nodeId, step.key, { ...FRESH_STEP, status: 'pending', summary: '' });
      }
    }
    const head = { status: 'running', verdict: null, summary: 'starting again', finishedAt: null, control: null, controlBy: null };
    await updateRun(tx, id, { ...head, acceptedFailures: 0 });
    return outcome(tx, run, { retried: again.map((t) => t.name) });
  },
});

/** What its start asked for beyond the right to start runs, asked of whoever starts it anew. */
async function assertMayStartAnew(
  tx: Tx,
  run: StoredRun,
  again: StoredRun['targets'],
  facts: Facts | undefined,
  { actor, now }: VerbContext,
): Promise<void> {
  if (run.dryRun || !run.mutates) return;
  if (again.length > NODES_WITHOUT_FACTOR) assertFreshFactor(actor, now, `changing ${again.length} nodes`);
  const ids = new Set(again.map((target) => target.nodeId));
  const members = (await createNodes({ db: tx }).list()).filter((member) => ids.has(member.id));
  if (pushesCode(again.flatMap((target) => target.steps))) assertMayPushCode(actor, members, now);
  // a rollback is asked for neither: it puts back what was agreed
  if (run.override === BACK_TO_AGREED && run.runbook.key === 'config-rollback' && run.approveBy === null) return;
  assertMayOverride(actor, members, run.override);
  await assertAgreed(tx, run, members, facts, now);
}

/** One that a second person has to agree to is not begun anew without: the word of that person is good for a day. */
async function assertAgreed(tx: Tx, run: StoredRun, members: readonly FleetMember[], facts: Facts | undefined, now: number): Promise<void> {
  if (run.approvedAt !== null && now - run.approvedAt <= APPROVAL_MS) return;
  const rules = await loadRules(tx);
  const asking = members.find((member) => standingOf(rules, { ...member, facts: facts?.(member) ?? {} }, now).needsApproval !== null);
  if (asking === undefined) return;
  const agreed = run.approvedAt === null ? 'nobody has agreed to this run' : 'what was agreed to this run is more than a day ago';
  throw new HeadroomError(
    'run.wrong-state',
    `A second person must agree to what changes ${asking.name}, and ${agreed}: start a new one, which waits for that.`,
  );
}
