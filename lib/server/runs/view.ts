import type { Db, Tx } from '#server/db/index.ts';
import type { Run, RunList } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import { holdsNode, type StepState, type TargetState } from './state.ts';
import { readStop } from './stop-all.ts';
import { loadEvidence, loadRun, type StoredRun, toRunHead } from './store.ts';

const instant = (ms: number | null) => (ms === null ? null : toInstant(ms));

export async function readRun(db: Db | Tx, runId: string): Promise<Run | null> {
  const run = await loadRun(db, runId, () => new Set());
  if (run === null) return null;
  const evidence = await loadEvidence(db, runId);
  const viewStep = (nodeId: string, step: StepState): Run['targets'][number]['steps'][number] => ({
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
    evidence: evidence.get(`${nodeId} ${step.key}`) ?? [],
  });
  const viewTarget = (t: TargetState): Run['targets'][number] => ({
    nodeId: t.nodeId,
    name: t.name,
    batch: t.batch,
    status: t.status,
    verdict: t.verdict,
    summary: t.summary,
    judgement: t.judgement,
    revertAt: holdsNode(t.wayBack) || t.wayBack === 'left' ? instant(t.revertAt) : null,
    steps: t.steps.map((s) => viewStep(t.nodeId, s)),
  });
  return { ...viewHead(run), targets: run.targets.map(viewTarget) };
}

function viewHead(run: Omit<StoredRun, 'targets'>): Omit<Run, 'targets'> {
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
  };
}

/** The newest first. */
export async function listRuns(db: Db, limit: number): Promise<RunList> {
  const rows = await db.selectFrom('runs').selectAll().orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(limit).execute();
  const targets = await db
    .selectFrom('runTargets')
    .select(['runId', 'name'])
    .where(
      'runId',
      'in',
      rows.map((r) => r.id),
    )
    .orderBy('position')
    .execute();
  const namesOf = Map.groupBy(targets, (t) => t.runId);
  return {
    stopped: await readStop(db),
    runs: rows.map((row) => {
      const targetNames = (namesOf.get(row.id) ?? []).map((t) => t.name);
      return { ...viewHead(toRunHead(row)), targetCount: targetNames.length, targetNames };
    }),
  };
}
