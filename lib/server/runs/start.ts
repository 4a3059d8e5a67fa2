import type { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { assertFreshFactor, NODES_WITHOUT_FACTOR } from '#server/kernel/fresh-factor.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb, VerbContext, VerbOutcome } from '#server/kernel/verb.ts';
import { createNodes } from '#server/nodes/index.ts';
import type { Runbooks } from '#server/runbooks/index.ts';
import { type Actor, type GrantSubject, mayOn } from '#shared/access.ts';
import type { ChangeRule } from '#shared/change-rules.ts';
import { describeGrants } from '#shared/grants.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { lintSteps } from '#shared/runbook-lint.ts';
import type { Runbook } from '#shared/runbooks.ts';
import {
  emptyParamsSchema,
  fdLeakParamsSchema,
  poolSettingsParamsSchema,
  type Run,
  rollbackParamsSchema,
  runInputSchema,
  type Strategy,
  setLimitParamsSchema,
  strategySchema,
  upgradeParamsSchema,
} from '#shared/runs.ts';
import { planBatches, planSteps } from './plan.ts';
import { loadRules } from './rules/rules.ts';
import { describeClosed, standingOf } from './rules/standing.ts';
import { assertNotStopped } from './stop-all.ts';
import { readRun } from './view.ts';

export type Facts = (member: FleetMember) => Record<string, string>;

/** Writes the plan of a run and takes its nodes. No node is asked anything here: that is the run's own work. */
export function createStartRun(deps: { runbooks: Runbooks; facts: Facts | undefined }): Verb<typeof runInputSchema, Tx, Run> {
  return {
    name: 'run.start',
    permission: 'run.start',
    input: runInputSchema,
    nodes: 'itself',
    async run(tx, input, { actor, now }) {
      await assertNotStopped(tx);
      const runbook = deps.runbooks.get(input.runbook);
      assertRunnable(runbook);
      const strategy = strategySchema.parse(input.strategy ?? {});
      const params = parseParams(runbook, input.params ?? {});
      const dryRun = input.dryRun ?? false;
      // What its starter does not see is not there for its selector.
      const nodes = createNodes({ db: tx, only: (member) => mayOn(actor, 'fleet.read', member) });
      const members = await nodes.match(input.selector, deps.facts);
      if (members.length === 0)
        throw new HeadroomError(
          'selector.no-match',
          `The selector ${JSON.stringify(input.selector)} matches none of the registered nodes. ${await nodes.explain(input.selector, deps.facts)}`.trim(),
        );

      assertMayRunOn(actor, members);
      if (pushesCode(runbook.steps) && !dryRun) assertMayPushCode(actor, members, now);
      const override = input.override?.reason ?? null;
      assertMayOverride(actor, members, override);
      if (runbook.mutates && !dryRun && members.length > NODES_WITHOUT_FACTOR)
        assertFreshFactor(actor, now, `changing ${members.length} nodes`);
      const { selector } = input;
      const plan = { runbook, members, selector, strategy, params, dryRun, override };
      const approval = runbook.mutates && !dryRun ? await assertMayStart(tx, plan, deps.facts, now) : null;
      return writeRun(tx, { ...plan, approveBy: approval === null ? null : now + APPROVAL_MS }, { actor, now });
    },
  };
}

/** A run that nobody agreed to by then ends by itself: what was right yesterday may not be right today. */
export const APPROVAL_MS = 24 * 3_600_000;

function assertMayRunOn(actor: Actor, members: readonly FleetMember[]): void {
  const foreign = members.filter((member) => !mayOn(actor, 'run.start', member));
  const [first] = foreign;
  if (first === undefined) return;
  const more = foreign.length > 1 ? ` and ${foreign.length - 1} more of the ${members.length} nodes` : '';
  throw new HeadroomError(
    'auth.forbidden',
    `${actor.name} may not start a run on ${first.name}${more}: they are ${describeGrants(actor)}.`,
  );
}

export const pushesCode = (steps: readonly { kind: string }[]): boolean =>
  steps.some(({ kind }) => kind === 'push-release' || kind === 'switch-release' || kind === 'install-proxy');

/** Whoever decides which code a proxy runs has every connection through it: that is more than starting a run. */
export function assertMayPushCode(actor: Actor, nodes: readonly GrantSubject[], now: number): void {
  const foreign = nodes.find((member) => !mayOn(actor, 'proxy.upgrade', member));
  if (foreign)
    throw new HeadroomError(
      'auth.forbidden',
      `Pushing code to ${foreign.name} needs the permission proxy.upgrade, which admins have; ${actor.name} is ${describeGrants(actor)}.`,
    );
  assertFreshFactor(actor, now, 'pushing code to proxies');
}

/** Freezes and windows are there to keep nodes as they were agreed; a rollback puts them there. */
export const BACK_TO_AGREED = 'a rollback puts back what was there before';

/** `reason`: why freezes and windows are not to hold it; null when they are. */
export function assertMayOverride(actor: Actor, members: readonly GrantSubject[], reason: string | null): void {
  if (reason === null || members.every((member) => mayOn(actor, 'run.approve', member))) return;
  const needed = `Going on in spite of freezes and windows needs the permission run.approve on every node; ${actor.name} is ${describeGrants(actor)}.`;
  throw new HeadroomError('auth.forbidden', needed);
}

/** The rule that asks for a second person, if one does. Throws run.closed when a node may not be changed now and nobody said that this is to be. */
async function assertMayStart(tx: Tx, plan: RunPlan, facts: Facts | undefined, now: number): Promise<ChangeRule | null> {
  const rules = await loadRules(tx);
  const standings = plan.members.map((member) => ({
    name: member.name,
    ...standingOf(rules, { ...member, facts: facts?.(member) ?? {} }, now),
  }));
  const closed = standings.filter((s) => s.closed !== null);
  const [first] = closed;
  if (first?.closed && plan.override === null && plan.strategy.onClosed === 'refuse') {
    const more = closed.length > 1 ? ` (${closed.length} of ${standings.length} nodes are closed)` : '';
    throw new HeadroomError(
      'run.closed',
      `${first.name} is ${describeClosed(first.closed)}${more}. Start it with strategy.onClosed "wait" and it waits for its time, or with override.reason, which an approver may give.`,
    );
  }
  return standings.find((s) => s.needsApproval !== null)?.needsApproval ?? null;
}

type RunPlan = {
  runbook: Runbook;
  members: readonly FleetMember[];
  selector: string;
  strategy: Strategy;
  params: Record<string, unknown>;
  dryRun: boolean;
  /** why freezes and windows do not hold it */
  override?: string | null;
  /** until when a second person may agree; before that nothing is done and no node is taken */
  approveBy?: number | null;
};

/** Stores the plan, target by target, and takes the nodes. */
export async function writeRun(tx: Tx, plan: RunPlan, { actor, now }: VerbContext): Promise<VerbOutcome<Run>> {
  const { runbook, members, selector, strategy, params, dryRun, override = null, approveBy = null } = plan;
  const id = newId('r', now);
  const targets = planBatches(members, strategy.batches);
  const steps = planSteps(runbook, { dryRun });
  const mutates = runbook.mutates && !dryRun;
  const names = targets.length === 1 ? targets[0]?.name : `${targets.length} nodes`;
  await tx
    .insertInto('runs')
    .values({
      id,
      runbookKey: runbook.key,
      runbookVersion: runbook.version,
      runbookTitle: runbook.title,
      runbookText: runbook.text,
      selector: selector,
      strategy: JSON.stringify(strategy),
      params: JSON.stringify(params),
      dryRun: dryRun ? 1 : 0,
      mutates: mutates ? 1 : 0,
      status: approveBy === null ? 'running' : 'awaiting-approval',
      verdict: null,
      summary: `${names}: ${approveBy === null ? 'starting' : 'waits for a second person to agree'}`,
      startedBy: actor.name,
      startedById: await personBehind(tx, actor),
      approveBy,
      approvedBy: null,
      approvedAt: null,
      override,
      createdAt: now,
      finishedAt: null,
      control: null,
      controlBy: null,
      acceptedFailures: 0,
      leaseOwner: null,
      leaseUntil: null,
    })
    .execute();
  if (mutates && approveBy === null) await takeNodes(tx, id, members);
  for (const target of targets) {
    await tx
      .insertInto('runTargets')
      .values({ ...target, runId: id, attempt: 1, status: 'pending', summary: '', ...FRESH_TARGET })
      .execute();
    const rows = steps.map(({ skipped, ...step }) => ({
      ...step,
      runId: id,
      nodeId: target.nodeId,
      status: skipped ? 'skipped' : 'pending',
      summary: skipped ? 'left out of a dry run' : '',
      ...FRESH_STEP,
    }));
    await tx.insertInto('runSteps').values(rows).execute();
  }
  const run = await readRun(tx, id);
  if (run === null) throw new HeadroomError('server.internal', 'the run that was just written is not there');
  const after = {
    runbook: `${runbook.key} ${runbook.version}`,
    selector: selector,
    nodes: targets.map((t) => t.name),
    strategy,
    params,
    dryRun,
    ...(override !== null && { override }),
  };
  return { result: run, object: `run:${id}`, after, events: [{ type: 'run.changed', runId: id }] };
}

/** Who must not be the second person: whoever starts a run by a token of theirs has started it, also when the token is gone by then. */
async function personBehind(tx: Tx, actor: Actor): Promise<string> {
  if (actor.kind !== 'token') return actor.id;
  const row = await tx.selectFrom('tokens').select('makerId').where('id', '=', actor.id).executeTakeFirst();
  return row?.makerId ?? actor.id;
}

/** What a target and a step are before anything was done; a retry begins here again. */
export const FRESH_TARGET = {
  verdict: null,
  judgement: null,
  wayBack: 'none',
  revertAt: null,
  grantedAt: null,
  edit: 'none',
  restart: 'none',
  undo: null,
  memo: '{}',
  startedAt: null,
  finishedAt: null,
};
export const FRESH_STEP = { verdict: null, startedAt: null, finishedAt: null, output: '', gate: null, accepted: 0, byHand: null };

/** One changing run per node at a time: the table's key says so, this only says it in words. */
export async function takeNodes(tx: Tx, runId: string, nodes: readonly { id: string; name: string }[]): Promise<void> {
  const taken = await tx
    .selectFrom('runLocks')
    .innerJoin('runs', 'runs.id', 'runLocks.runId')
    .select(['runLocks.nodeId', 'runs.id', 'runs.runbookKey'])
    .where(
      'runLocks.nodeId',
      'in',
      nodes.map((n) => n.id),
    )
    .execute();
  const [first] = taken;
  if (first !== undefined) {
    const name = nodes.find((n) => n.id === first.nodeId)?.name ?? first.nodeId;
    const more = taken.length > 1 ? ` and ${taken.length - 1} more node(s) are busy too` : '';
    throw new HeadroomError(
      'node.busy',
      `${name} is being changed by the run ${first.id} (${first.runbookKey}); wait for its end or abort it${more}.`,
    );
  }
  await tx
    .insertInto('runLocks')
    .values(nodes.map((n) => ({ nodeId: n.id, runId })))
    .execute();
}

function assertRunnable(runbook: Runbook): void {
  const [finding] = lintSteps(runbook);
  if (finding === undefined) return;
  const where = finding.step === null ? '' : `, because of its step "${finding.step}"`;
  throw new HeadroomError('runbook.invalid', `The runbook ${runbook.key} cannot be run${where}: ${finding.message}.`);
}

function parseParams(runbook: Runbook, params: Record<string, unknown>): Record<string, unknown> {
  const schema: z.ZodType<Record<string, unknown>> = paramsSchemaOf(runbook);
  const parsed = schema.safeParse(params);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => ({ path: ['params', ...issue.path].join('.'), message: issue.message }));
  const words = fields.map((f) => `${f.path}: ${f.message}`).join('; ');
  throw new HeadroomError('request.invalid', `The params of ${runbook.key} are not what they should be: ${words}`, { fields });
}

/** By what its steps read: settings for an edit that takes them from the run, windows for a watch. */
function paramsSchemaOf(runbook: Runbook) {
  if (runbook.steps.some((s) => s.kind === 'edit-config' && s.params.poolFrom === 'params'))
    return poolSettingsParamsSchema.strict().refine((p) => Object.keys(p).length > 0, 'give one setting or more');
  if (runbook.steps.some((s) => s.kind === 'edit-config' && s.params.restoreFrom === 'params')) return rollbackParamsSchema.strict();
  if (pushesCode(runbook.steps)) return upgradeParamsSchema.strict();
  if (runbook.steps.some((s) => s.kind === 'set-limit')) return setLimitParamsSchema.strict();
  return runbook.steps.some((s) => s.kind === 'watch') ? fdLeakParamsSchema.strict() : emptyParamsSchema;
}
