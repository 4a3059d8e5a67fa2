import type { Insertable, Selectable, Updateable } from 'kysely';
import type { Db, Schema, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { StoredReceipt } from '#shared/evidence/bundle.ts';
import {
  type Evidence,
  type GateState,
  gateStateSchema,
  judgementSchema,
  RUN_STATUSES,
  type Run,
  STEP_STATUSES,
  type StepStatus,
  strategySchema,
  TARGET_STATUSES,
  VERDICTS,
} from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';
import type { RunState, StepState, TargetMemo, TargetState } from './state.ts';

export type RunRow = Selectable<Schema['runs']>;
type TargetRow = Selectable<Schema['runTargets']>;
type StepRow = Selectable<Schema['runSteps']>;

/** A run as stored, without its evidence. */
export type StoredRun = RunState & {
  runbook: { key: string; version: string; title: string; text: string };
  selector: string;
  params: Record<string, unknown>;
  mutates: boolean;
  startedBy: string;
  createdAt: number;
  finishedAt: number | null;
  override: string | null;
  approvedBy: string | null;
  approvedAt: number | null;
};

/** `soft`: the keys of the steps whose failure does not stop the others; it is in the runbook's text, not in a column. */
export async function loadRun(db: Db | Tx, runId: string, soft: (run: RunRow) => ReadonlySet<string>): Promise<StoredRun | null> {
  const row = await db.selectFrom('runs').selectAll().where('id', '=', runId).executeTakeFirst();
  if (row === undefined) return null;
  return { ...toRunHead(row), targets: await loadTargets(db, runId, soft(row)) };
}

/** In the order of the plan; of all nodes of the run, or of those named. */
export async function loadTargets(db: Db | Tx, runId: string, soft: ReadonlySet<string>, only?: readonly string[]): Promise<TargetState[]> {
  let targets = db.selectFrom('runTargets').selectAll().where('runId', '=', runId).orderBy('position');
  let steps = db.selectFrom('runSteps').selectAll().where('runId', '=', runId).orderBy('position');
  if (only !== undefined) {
    targets = targets.where('nodeId', 'in', only);
    steps = steps.where('nodeId', 'in', only);
  }
  const stepsOf = Map.groupBy(await steps.execute(), (s) => s.nodeId);
  return (await targets.execute()).map((t) => toTarget(t, stepsOf.get(t.nodeId) ?? [], soft));
}

/** All nodes without their steps, and how each step stands, by node and in order. */
export async function loadMarks(db: Db | Tx, runId: string): Promise<{ targets: TargetState[]; marks: ReadonlyMap<string, StepStatus[]> }> {
  const rows = await db.selectFrom('runTargets').selectAll().where('runId', '=', runId).orderBy('position').execute();
  const steps = await db.selectFrom('runSteps').select(['nodeId', 'status']).where('runId', '=', runId).orderBy('position').execute();
  const marks = new Map<string, StepStatus[]>(rows.map((t) => [t.nodeId, []]));
  for (const { nodeId, status } of steps) marks.get(nodeId)?.push(oneOf(STEP_STATUSES, status));
  return { targets: rows.map((t) => toTarget(t, [], new Set())), marks };
}

export function toRunHead(row: RunRow): Omit<StoredRun, 'targets'> {
  return {
    id: row.id,
    runbook: { key: row.runbookKey, version: row.runbookVersion, title: row.runbookTitle, text: row.runbookText },
    selector: row.selector,
    strategy: strategySchema.parse(JSON.parse(row.strategy)),
    params: asRecord(JSON.parse(row.params)),
    dryRun: row.dryRun === 1,
    mutates: row.mutates === 1,
    startedBy: row.startedBy,
    createdAt: row.createdAt,
    override: row.override,
    approveBy: row.approveBy,
    ...toMoving(row),
  };
}

const MOVING = [
  'status',
  'verdict',
  'summary',
  'finishedAt',
  'control',
  'controlBy',
  'acceptedFailures',
  'approvedBy',
  'approvedAt',
] as const;

/** What of a run's head changes while it runs. */
const toMoving = (row: Pick<RunRow, (typeof MOVING)[number]>) => ({
  status: oneOf(RUN_STATUSES, row.status),
  verdict: row.verdict === null ? null : oneOf(VERDICTS, row.verdict),
  summary: row.summary,
  finishedAt: row.finishedAt,
  control: row.control === null ? null : oneOf(['pause', 'abort'] as const, row.control),
  controlBy: row.controlBy,
  acceptedFailures: row.acceptedFailures,
  approvedBy: row.approvedBy,
  approvedAt: row.approvedAt,
});

/** Null when the run is gone. */
export async function loadMoving(db: Db | Tx, runId: string): Promise<ReturnType<typeof toMoving> | null> {
  const row = await db.selectFrom('runs').select(MOVING).where('id', '=', runId).executeTakeFirst();
  return row === undefined ? null : toMoving(row);
}

function toTarget(row: TargetRow, steps: StepRow[], soft: ReadonlySet<string>): TargetState {
  return {
    nodeId: row.nodeId,
    name: row.name,
    position: row.position,
    batch: row.batch,
    attempt: row.attempt,
    status: oneOf(TARGET_STATUSES, row.status),
    verdict: row.verdict === null ? null : oneOf(VERDICTS, row.verdict),
    summary: row.summary,
    judgement: row.judgement === null ? null : judgementSchema.parse(JSON.parse(row.judgement)),
    wayBack: oneOf(['none', 'arming', 'armed', 'disarming', 'disarmed', 'reverted', 'gone', 'left'] as const, row.wayBack),
    revertAt: row.revertAt,
    grantedAt: row.grantedAt,
    edit: oneOf(['none', 'asked', 'done', 'nothing'] as const, row.edit),
    restart: oneOf(['none', 'asked', 'done'] as const, row.restart),
    undo: row.undo === null ? null : oneOf(['abort', 'answer', 'failure'] as const, row.undo),
    memo: asMemo(JSON.parse(row.memo)),
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    steps: steps.map((s) => toStep(s, soft.has(s.key))),
  };
}

const toStep = (row: StepRow, soft: boolean): StepState => ({
  key: row.key,
  kind: row.kind,
  title: row.title,
  status: oneOf(STEP_STATUSES, row.status),
  verdict: row.verdict === null ? null : oneOf(VERDICTS, row.verdict),
  summary: row.summary,
  startedAt: row.startedAt,
  finishedAt: row.finishedAt,
  output: row.output,
  gate: toGate(row.gate),
  accepted: row.accepted === 1,
  byHand: row.byHand,
  soft,
});

export const toGate = (text: string | null): GateState | null => (text === null ? null : gateStateSchema.parse(JSON.parse(text)));

/** Columns are written by this file's module alone, so a value outside its list is damage, not input. */
function oneOf<T extends string>(list: readonly T[], value: string): T {
  const found = list.find((v) => v === value);
  if (found === undefined)
    throw new HeadroomError('server.internal', `a stored run holds ${JSON.stringify(value)}; it should be one of ${list}`);
  return found;
}
/** JSON that this module wrote itself; what later versions add stays in it. */
export const asMemo = (value: unknown): TargetMemo => value as TargetMemo;
const asRecord = (value: unknown): Record<string, unknown> => value as Record<string, unknown>;

export type TargetPatch = Omit<Updateable<Schema['runTargets']>, 'runId' | 'nodeId' | 'memo'> & { memo?: TargetMemo };
export type StepPatch = Omit<Updateable<Schema['runSteps']>, 'runId' | 'nodeId' | 'key'>;
export type RunPatch = Omit<Updateable<Schema['runs']>, 'id'>;

export const updateRun = async (db: Db | Tx, runId: string, patch: RunPatch): Promise<void> => {
  await db.updateTable('runs').set(patch).where('id', '=', runId).execute();
};

export const updateTarget = async (db: Db | Tx, runId: string, nodeId: string, { memo, ...patch }: TargetPatch): Promise<void> => {
  const columns = { ...patch, ...(memo !== undefined && { memo: JSON.stringify(memo) }) };
  await db.updateTable('runTargets').set(columns).where('runId', '=', runId).where('nodeId', '=', nodeId).execute();
};

export const updateStep = async (db: Db | Tx, runId: string, nodeId: string, key: string, patch: StepPatch): Promise<void> => {
  await db.updateTable('runSteps').set(patch).where('runId', '=', runId).where('nodeId', '=', nodeId).where('key', '=', key).execute();
};

export const insertEvidence = async (db: Db | Tx, row: Insertable<Schema['runEvidence']>): Promise<void> => {
  await db.insertInto('runEvidence').values(row).execute();
};

/** Receipts of the current attempt, oldest first, by node and step; of all nodes, or of one. */
export async function loadEvidence(db: Db | Tx, runId: string, nodeId?: string): Promise<Map<string, Evidence[]>> {
  let query = db
    .selectFrom('runEvidence as e')
    .innerJoin('runTargets as t', (join) => join.onRef('t.runId', '=', 'e.runId').onRef('t.nodeId', '=', 'e.nodeId'))
    .selectAll('e')
    .where('e.runId', '=', runId)
    .whereRef('e.attempt', '=', 't.attempt')
    .orderBy('e.seq');
  if (nodeId !== undefined) query = query.where('e.nodeId', '=', nodeId);
  const rows = await query.execute();
  const byStep = new Map<string, Evidence[]>();
  for (const row of rows) {
    const key = `${row.nodeId} ${row.step}`;
    const list = byStep.get(key) ?? [];
    byStep.set(key, list);
    list.push(toEvidence(row));
  }
  return byStep;
}

/** Receipts of every attempt, in the order in which they were stored. */
export async function loadReceipts(db: Db | Tx, run: Pick<Run, 'id' | 'targets'>): Promise<StoredReceipt[]> {
  const rows = await db.selectFrom('runEvidence').selectAll().where('runId', '=', run.id).orderBy('seq').execute();
  const names = new Map(run.targets.map((t) => [t.nodeId, t.name]));
  return rows.map((row) => ({
    nodeId: row.nodeId,
    node: names.get(row.nodeId) ?? row.nodeId,
    step: row.step,
    attempt: row.attempt,
    ...toEvidence(row),
  }));
}

const toEvidence = (row: Selectable<Schema['runEvidence']>): Evidence => ({
  id: row.id,
  at: toInstant(row.at),
  title: row.title,
  command: row.command,
  exitCode: row.exitCode,
  raw: row.raw,
  sha256: row.sha256,
  value: row.value,
  threshold: row.threshold,
  verdict: row.verdict === null ? null : oneOf(VERDICTS, row.verdict),
});

/** Of a run, for whoever must hold the permission on each. */
export async function targetIds(tx: Db | Tx, { id }: { id: string }): Promise<string[]> {
  const rows = await tx.selectFrom('runTargets').select('nodeId').where('runId', '=', id).execute();
  return rows.map(({ nodeId }) => nodeId);
}
