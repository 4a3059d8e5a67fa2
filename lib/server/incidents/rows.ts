import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { Db, Schema, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { CAUSES, INCIDENT_STATUSES, SEVERITIES } from '#shared/incident-rules.ts';
import {
  type BoughtTime,
  type CaptureHead,
  captureHeadSchema,
  type IncidentListItem,
  ruleKeySchema,
  type Signal,
  signalSchema,
} from '#shared/incidents.ts';
import { toInstant } from '#shared/time.ts';

export type IncidentRow = Selectable<Schema['incidents']>;
export type SignalRow = Selectable<Schema['signals']>;
export type BoughtRow = Selectable<Schema['boughtTime']>;

const enumOf = { cause: z.enum(CAUSES), status: z.enum(INCIDENT_STATUSES), severity: z.enum(SEVERITIES) };
const instantOrNull = (ms: number | null) => (ms === null ? null : toInstant(ms));

export const toSignal = (row: SignalRow): Signal => ({
  ...{ id: row.id, nodeId: row.nodeId, nodeName: row.nodeName, summary: row.summary, incidentId: row.incidentId },
  ...{ value: row.value, threshold: row.threshold, ended: row.ended },
  rule: ruleKeySchema.parse(row.rule),
  severity: enumOf.severity.parse(row.severity),
  since: toInstant(row.since),
  until: instantOrNull(row.until),
  evidence: signalSchema.shape.evidence.parse(JSON.parse(row.evidence)),
});

export const toBought = (row: BoughtRow): BoughtTime => ({
  ...{ id: row.id, nodeId: row.nodeId, nodeName: row.nodeName, runId: row.runId, limitBefore: row.limitBefore, limitAfter: row.limitAfter },
  perMinute: row.perMinute,
  minutesBought: row.perMinute !== null && row.perMinute > 0 ? (row.limitAfter - row.limitBefore) / row.perMinute : null,
  ...{ at: toInstant(row.at), expiresAt: instantOrNull(row.expiresAt), endedAt: instantOrNull(row.endedAt) },
});

const CAPTURE_COLUMNS = [
  'id',
  'nodeId',
  'nodeName',
  'incidentId',
  'at',
  'actor',
  'processStart',
  'openFds',
  'parts',
  'bytes',
  'sha256',
] as const;
type CaptureRow = Pick<Selectable<Schema['captures']>, (typeof CAPTURE_COLUMNS)[number]>;
export const toCapture = ({ actor, processStart, at, parts, ...row }: CaptureRow): CaptureHead => ({
  ...row,
  ...{ by: actor, at: toInstant(at), processStart: instantOrNull(processStart) },
  parts: captureHeadSchema.shape.parts.parse(JSON.parse(parts)),
});

/** Newest first, without the bundles themselves. */
export async function capturesOf(db: Db, where: { nodeIds: readonly string[]; fromMs: number }): Promise<CaptureHead[]> {
  if (where.nodeIds.length === 0) return [];
  const rows = await db
    .selectFrom('captures')
    .select([...CAPTURE_COLUMNS])
    .where('nodeId', 'in', [...where.nodeIds])
    .where('at', '>=', where.fromMs)
    .orderBy('at', 'desc')
    .limit(100)
    .execute();
  return rows.map(toCapture);
}

export const notFound = (id: string) =>
  new HeadroomError(
    'incident.not-found',
    `There is no incident ${JSON.stringify(id.slice(0, 64))}: it may be mistyped, or of another console.`,
  );

export async function incidentRow(db: Db | Tx, id: string): Promise<IncidentRow> {
  const row = await db.selectFrom('incidents').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound(id);
  return row;
}

export const nodeIdsOf = async (db: Db | Tx, id: string): Promise<string[]> =>
  (await db.selectFrom('incidentNodes').select('nodeId').where('incidentId', '=', id).execute()).map(({ nodeId }) => nodeId);

/** Heads of incidents with their nodes and what fires, in the order of `rows`. */
export async function toHeads(db: Db | Tx, rows: readonly IncidentRow[]): Promise<IncidentListItem[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const [nodes, signals] = await Promise.all([
    db.selectFrom('incidentNodes').selectAll().where('incidentId', 'in', ids).orderBy('addedAt').orderBy('name').execute(),
    db
      .selectFrom('signals')
      .select((eb) => ['incidentId', 'rule', eb.fn.countAll().as('all'), eb.fn.count('until').as('ended')])
      .where('incidentId', 'in', ids)
      .groupBy(['incidentId', 'rule'])
      .execute(),
  ]);
  const nodesOf = Map.groupBy(nodes, ({ incidentId }) => incidentId);
  return rows.map((row) => {
    const own = signals.filter(({ incidentId }) => incidentId === row.id);
    const firing = own.filter(({ all, ended }) => Number(all) > Number(ended)).map(({ rule }) => ruleKeySchema.parse(rule));
    return {
      ...{ id: row.id, number: row.number, title: row.title, owner: row.owner, declaredBy: row.declaredBy },
      ...{ reopened: row.reopened, mergedInto: row.mergedInto },
      cause: enumOf.cause.parse(row.cause),
      status: enumOf.status.parse(row.status),
      severity: enumOf.severity.parse(row.severity),
      nodes: (nodesOf.get(row.id) ?? []).map((n) => ({ nodeId: n.nodeId, name: n.name, addedAt: toInstant(n.addedAt) })),
      ...{ openedAt: toInstant(row.openedAt), closedAt: instantOrNull(row.closedAt), updatedAt: toInstant(row.updatedAt) },
      acknowledged: row.acknowledgedAt === null ? null : { by: row.acknowledgedBy ?? '', at: toInstant(row.acknowledgedAt) },
      closed: row.closedAt === null ? null : { by: row.closedBy ?? '', reason: row.closedReason ?? '' },
      ...{ firing, signalCount: own.reduce((sum, { all }) => sum + Number(all), 0) },
    };
  });
}
