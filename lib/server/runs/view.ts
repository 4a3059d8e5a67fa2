import type { Db, Tx } from '#server/db/index.ts';
import { type Evidence, FULL_TARGETS, type Run, type RunList, type RunTarget } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import { narrowHead } from './narrow.ts';
import { holdsNode, type TargetState, targetEnded } from './state.ts';
import { readStop } from './stop-all.ts';
import { loadEvidence, loadMarks, loadRun, loadTargets, type StoredRun, toRunHead } from './store.ts';

const instant = (ms: number | null) => (ms === null ? null : toInstant(ms));

/** With all that it did; of a run of many nodes only how each step stands, unless `whole`. */
export async function readRun(db: Db | Tx, runId: string, { whole = false } = {}): Promise<Run | null> {
  const { count } = await db
    .selectFrom('runTargets')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('runId', '=', runId)
    .executeTakeFirstOrThrow();
  if (count > FULL_TARGETS && !whole) return readMatrix(db, runId);
  const run = await loadRun(db, runId, () => new Set());
  if (run === null) return null;
  const evidence = await loadEvidence(db, runId);
  return { ...viewHead(run), detail: 'full', plan: planOf(run.targets), targets: run.targets.map((t) => viewTarget(t, evidence)) };
}

/** One node of a run, with its steps and receipts; null when the run has no such node. */
export async function readTarget(db: Db | Tx, runId: string, nodeId: string): Promise<RunTarget | null> {
  const [target] = await loadTargets(db, runId, new Set(), [nodeId]);
  return target === undefined ? null : viewTarget(target, await loadEvidence(db, runId, nodeId));
}

async function readMatrix(db: Db | Tx, runId: string): Promise<Run | null> {
  const row = await db.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirst();
  if (row === undefined) return null;
  const { targets, marks } = await loadMarks(db, runId);
  const [first] = targets;
  const plan = first === undefined ? [] : planOf(await loadTargets(db, runId, new Set(), [first.nodeId]));
  return {
    ...viewHead(toRunHead(row)),
    detail: 'matrix',
    plan,
    targets: targets.map((t) => ({ ...viewTarget(t, new Map()), marks: marks.get(t.nodeId) ?? [] })),
  };
}

const planOf = ([first]: readonly TargetState[]): Run['plan'] => first?.steps.map(({ key, kind, title }) => ({ key, kind, title })) ?? [];

function viewTarget(t: TargetState, evidence: ReadonlyMap<string, Evidence[]>): RunTarget {
  return {
    nodeId: t.nodeId,
    name: t.name,
    batch: t.batch,
    status: t.status,
    verdict: t.verdict,
    summary: t.summary,
    judgement: t.judgement,
    revertAt: holdsNode(t.wayBack) || t.wayBack === 'left' ? instant(t.revertAt) : null,
    revertSurvivesReboot: t.memo.survivesReboot === true,
    undoing: t.undo !== null && !targetEnded(t),
    steps: t.steps.map((step) => ({
      key: step.key,
      kind: step.kind,
      title: step.title,
      status: step.status,
      verdict: step.verdict,
      summary: step.summary,
      startedAt: instant(step.startedAt),
      finishedAt: instant(step.finishedAt),
      output: step.output,
      gate: step.gate,
      byHand: step.byHand,
      evidence: evidence.get(`${t.nodeId} ${step.key}`) ?? [],
    })),
    marks: t.steps.map((step) => step.status),
  };
}

function viewHead(run: Omit<StoredRun, 'targets'>): Omit<Run, 'targets' | 'detail' | 'plan'> {
  const { key, version, title } = run.runbook;
  return {
    id: run.id,
    runbook: { key, version, title },
    selector: run.selector,
    strategy: run.strategy,
    params: run.params,
    dryRun: run.dryRun,
    status: run.status,
    verdict: run.verdict,
    summary: run.summary,
    startedBy: run.startedBy,
    createdAt: toInstant(run.createdAt),
    finishedAt: instant(run.finishedAt),
    approval: run.approveBy === null ? null : { until: toInstant(run.approveBy), by: run.approvedBy, at: instant(run.approvedAt) },
    override: run.override,
  };
}

/** The newest first. */
export async function listRuns(db: Db, limit: number, seen?: readonly string[]): Promise<RunList> {
  let query = db.selectFrom('runs').selectAll().orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(limit);
  if (seen)
    query = query.where('id', 'in', (eb) =>
      eb
        .selectFrom('runTargets')
        .select('runId')
        .where('nodeId', 'in', [...seen]),
    );
  const rows = await query.execute();
  const targets = await db
    .selectFrom('runTargets')
    .select(['runId', 'nodeId', 'name'])
    .where(
      'runId',
      'in',
      rows.map((r) => r.id),
    )
    .orderBy('position')
    .execute();
  const ids = seen && new Set(seen);
  const namesOf = Map.groupBy(targets, (t) => t.runId);
  return {
    stopped: await readStop(db),
    runs: rows.map((row) => {
      const mine = namesOf.get(row.id) ?? [];
      const shown = ids ? mine.filter((t) => ids.has(t.nodeId)) : mine;
      const targetNames = shown.map((t) => t.name);
      const listed = { ...viewHead(toRunHead(row)), targetCount: targetNames.length, targetNames };
      const hidden = mine.filter((t) => !shown.includes(t)).map((t) => t.name);
      return hidden.length === 0 ? listed : { ...listed, ...narrowHead(listed, targetNames, hidden) };
    }),
  };
}
