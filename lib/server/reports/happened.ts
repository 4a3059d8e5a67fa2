import { hideNames } from '#server/kernel/hide-names.ts';
import { drillScoreSchema } from '#shared/drills.ts';
import type { Report } from '#shared/reports.ts';
import { toInstant } from '#shared/time.ts';
import type { ReportsDeps, Sees, Span } from './deps.ts';

const MOST = 500;
const RESOLVED = 'resolved';

type Happened = Pick<Report, 'incidents' | 'changes' | 'drills' | 'leaks'>;

/** Incidents that were open at some time of the span, runs that changed nodes and began in it, drills that ended in it. */
export async function readHappened({ db }: Pick<ReportsDeps, 'db'>, span: Span, sees: Sees): Promise<Happened> {
  const [incidents, runs, drills] = await Promise.all([
    readIncidents(db, span, sees),
    readRuns(db, span, sees),
    sees.drills ? readDrills(db, span) : [],
  ]);
  const leaks = incidents.filter(({ cause }) => cause === 'fd-leak');
  const judged = runs.filter(({ runbook }) => runbook === 'fd-leak');
  return {
    ...{ incidents, changes: runs, drills },
    leaks: {
      found: leaks.length,
      fixed: leaks.filter(({ status }) => status === RESOLVED).length,
      notFixed: judged.filter(({ verdict }) => verdict === 'fail').length,
      open: leaks.filter(({ status }) => status !== RESOLVED).length,
    },
  };
}

async function readIncidents(db: ReportsDeps['db'], { fromMs, toMs }: Span, sees: Sees): Promise<Report['incidents']> {
  const rows = await db
    .selectFrom('incidents')
    .selectAll()
    .where('openedAt', '<', toMs)
    .where((eb) => eb.or([eb('closedAt', 'is', null), eb('closedAt', '>=', fromMs)]))
    .where('mergedInto', 'is', null)
    .orderBy('openedAt')
    .limit(MOST)
    .execute();
  if (rows.length === 0) return [];
  const members = await db
    .selectFrom('incidentNodes')
    .select(['incidentId', 'nodeId', 'name'])
    .where(
      'incidentId',
      'in',
      rows.map(({ id }) => id),
    )
    .execute();
  return rows.flatMap((row) => {
    const of = members.filter(({ incidentId }) => incidentId === row.id);
    if (!sees.some(of.map(({ nodeId }) => nodeId))) return [];
    const hidden = of.flatMap(({ nodeId, name }) => (sees.has(nodeId) ? [] : [name]));
    const { id, number, severity, status, cause } = row;
    return {
      ...{ id, number, severity, status, cause, title: hideNames(row.title, hidden), openedAt: toInstant(row.openedAt) },
      closedReason: row.closedReason === null ? null : hideNames(row.closedReason, hidden),
      closedAt: row.closedAt === null ? null : toInstant(row.closedAt),
      acknowledgedSeconds: row.acknowledgedAt === null ? null : Math.round((row.acknowledgedAt - row.openedAt) / 1000),
      nodes: of.filter(({ nodeId }) => sees.has(nodeId)).map(({ name }) => name),
    };
  });
}

async function readRuns(db: ReportsDeps['db'], { fromMs, toMs }: Span, sees: Sees): Promise<Report['changes']> {
  const rows = await db
    .selectFrom('runs')
    .select(['id', 'runbookKey', 'runbookTitle', 'startedBy', 'createdAt', 'status', 'verdict', 'summary'])
    .where('mutates', '=', 1)
    .where('dryRun', '=', 0)
    .where('createdAt', '>=', fromMs)
    .where('createdAt', '<', toMs)
    .orderBy('createdAt')
    .limit(MOST)
    .execute();
  if (rows.length === 0) return [];
  const targets = await db
    .selectFrom('runTargets')
    .select(['runId', 'nodeId', 'name'])
    .where(
      'runId',
      'in',
      rows.map(({ id }) => id),
    )
    .execute();
  return rows.flatMap((row) => {
    const on = targets.filter(({ runId }) => runId === row.id);
    const of = on.map(({ nodeId }) => nodeId);
    if (!sees.some(of)) return [];
    const { id, status, verdict } = row;
    const summary = hideNames(
      row.summary,
      on.flatMap(({ nodeId, name }) => (sees.has(nodeId) ? [] : [name])),
    );
    const about = { title: row.runbookTitle, runbook: row.runbookKey, by: row.startedBy, at: toInstant(row.createdAt) };
    return { id, ...about, status, verdict, summary, nodes: of.filter(sees.has).length };
  });
}

async function readDrills(db: ReportsDeps['db'], { fromMs, toMs }: Span): Promise<Report['drills']> {
  const rows = await db
    .selectFrom('drills')
    .select(['id', 'endedAt', 'startedBy', 'score'])
    .where('status', '=', 'ended')
    .where('endedAt', '>=', fromMs)
    .where('endedAt', '<', toMs)
    .orderBy('endedAt')
    .limit(MOST)
    .execute();
  return rows.flatMap(({ id, endedAt, startedBy, score }) =>
    score === null || endedAt === null
      ? []
      : { id, at: toInstant(endedAt), by: startedBy, score: drillScoreSchema.parse(JSON.parse(score)).total },
  );
}
