import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Incident, IncidentList, IncidentQuery } from '#shared/incidents.ts';
import type { Sample } from '#shared/metrics.ts';
import type { Fleet, FleetNode, NodeDetail } from '#shared/nodes.ts';
import { judgementSchema } from '#shared/runs.ts';
import { type Instant, toInstant } from '#shared/time.ts';
import { closingOf } from './close.ts';
import { type RunOutcome, whatWeKnow } from './known.ts';
import { capturesOf, incidentRow, type SignalRow, toBought, toHeads, toSignal } from './rows.ts';
import { proofsNow } from './settle.ts';
import { suggest } from './suggest.ts';
import { BEFORE_MS, readTimeline, type TimelineDeps } from './timeline.ts';

const MOST_LISTED = 200;
/** Of one incident that are shown; its head counts all of them. */
const MOST_SIGNALS = 2000;

export type ReadDeps = TimelineDeps & {
  fleet: { view(): Promise<Fleet>; node(id: string): Promise<NodeDetail> };
  scraper: { health(nodeId: string): { lastSample: Sample | null } };
  clock: Clock;
  hasNothingToBuy(nodeId: string): boolean;
};

/** Open ones first, then the newest. `sees`: whether who asks may see a node; an incident is seen with one of its nodes. */
export async function listIncidents(db: Db, query: IncidentQuery, sees: (nodeIds: readonly string[]) => boolean): Promise<IncidentList> {
  let ask = db.selectFrom('incidents').selectAll().where('mergedInto', 'is', null);
  if (query.status === 'open') ask = ask.where('status', '!=', 'resolved');
  if (query.status === 'resolved') ask = ask.where('status', '=', 'resolved');
  if (query.severity !== undefined) ask = ask.where('severity', '=', query.severity);
  if (query.cause !== undefined) ask = ask.where('cause', '=', query.cause);
  if (query.from !== undefined) ask = ask.where('openedAt', '>=', query.from);
  if (query.node !== undefined) {
    const ofNode = db.selectFrom('incidentNodes').select('incidentId').where('nodeId', '=', query.node);
    ask = ask.where('id', 'in', ofNode);
  }
  const newest = ask
    .orderBy('openedAt', 'desc')
    .orderBy('number', 'desc')
    .limit(MOST_LISTED + 1);
  const open = ask.where('status', '!=', 'resolved').orderBy('openedAt', 'desc').limit(MOST_LISTED);
  const rows = [...(await open.execute()), ...(await newest.execute()).filter(({ status }) => status === 'resolved')];
  const heads = (await toHeads(db, rows)).filter((head) => sees(head.nodes.map(({ nodeId }) => nodeId)));
  return {
    incidents: heads.slice(0, MOST_LISTED),
    open: heads.filter(({ status }) => status !== 'resolved').length,
    cut: heads.length > MOST_LISTED,
  };
}

/** All of one incident; throws incident.not-found. */
export async function readIncident(deps: ReadDeps, id: string): Promise<Incident> {
  const { db, clock } = deps;
  const row = await incidentRow(db, id);
  const [heads, signals, bought, view] = await Promise.all([
    toHeads(db, [row]),
    signalsOf(db, id),
    db.selectFrom('boughtTime').selectAll().where('incidentId', '=', id).where('limitBefore', '>', 0).orderBy('at').execute(),
    deps.fleet.view(),
  ]);
  const [head] = heads;
  if (!head) throw new Error(`incident ${id} has no head`);
  const now = clock.now();
  const fromMs = signals.reduce((first, { since }) => Math.min(first, since), row.openedAt) - BEFORE_MS;
  const toMs = row.closedAt ?? now;
  const nodeIds = head.nodes.map(({ nodeId }) => nodeId);
  const byId = new Map(view.nodes.map((node) => [node.id, node]));
  const present = byUrgency(nodeIds.flatMap((nodeId) => byId.get(nodeId) ?? []));
  const [timeline, captures, proofs, runs] = await Promise.all([
    readTimeline(deps, { id, nodes: head.nodes, fromMs, toMs }),
    capturesOf(db, { nodeIds, fromMs }),
    proofsNow(deps, id, byId, now),
    runOutcomes(db, nodeIds, { fromMs, toMs }),
  ]);
  const [first] = present;
  const detail = first ? await deps.fleet.node(first.id).catch(() => null) : null;
  const { firing: _firing, signalCount: _count, ...rest } = head;
  return {
    ...rest,
    signals: signals.map(toSignal),
    timeline,
    suggestions: suggest({
      ...{ id, cause: head.cause, nodes: present },
      captured: new Set(captures.filter((c) => c.processStart === (byId.get(c.nodeId)?.processStart ?? null)).map((c) => c.nodeId)),
      notFixed: new Set(runs.filter((run) => run.verdict === 'fail').map((run) => run.nodeId)),
      nothingToBuy: new Set(nodeIds.filter(deps.hasNothingToBuy)),
      bought: new Set(bought.filter((b) => b.endedAt === null).map((b) => b.nodeId)),
    }),
    closing: row.status === 'resolved' ? { ready: true, criteria: [] } : closingOf(head.cause, proofs, now),
    ...{ bought: bought.map(toBought), captures },
    known: whatWeKnow({
      nodes: present,
      fleet: view.nodes,
      runs,
      verdict: first && detail?.verdict ? { node: first, sentence: detail.verdict } : null,
    }),
  };
}

/** What fires, and the newest of what fired: one that flaps for hours has tens of thousands. The oldest first. */
async function signalsOf(db: Db, incidentId: string): Promise<SignalRow[]> {
  const of = db.selectFrom('signals').selectAll().where('incidentId', '=', incidentId);
  const [firing, ended] = await Promise.all([
    of.where('until', 'is', null).orderBy('since', 'desc').limit(MOST_SIGNALS).execute(),
    of.where('until', 'is not', null).orderBy('since', 'desc').limit(MOST_SIGNALS).execute(),
  ]);
  return [...firing, ...ended].slice(0, MOST_SIGNALS).sort((a, b) => a.since - b.since);
}

/** Who dies first is first; those without a forecast after them. */
export const byUrgency = (nodes: readonly FleetNode[]): FleetNode[] =>
  [...nodes].sort(
    (a, b) =>
      (a.timeToEmfileSeconds?.low ?? Number.POSITIVE_INFINITY) - (b.timeToEmfileSeconds?.low ?? Number.POSITIVE_INFINITY) ||
      a.name.localeCompare(b.name),
  );

/** Runs that ended on these nodes in the span, oldest first. */
export async function runOutcomes(
  db: Db,
  nodeIds: readonly string[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<RunOutcome[]> {
  if (nodeIds.length === 0) return [];
  const rows = await db
    .selectFrom('runTargets as t')
    .innerJoin('runs as r', 'r.id', 't.runId')
    .select(['t.runId', 't.nodeId', 't.name', 't.verdict', 't.judgement', 'r.runbookKey', 't.finishedAt'])
    .where('t.nodeId', 'in', [...nodeIds])
    .where('r.dryRun', '=', 0)
    .where('t.finishedAt', 'is not', null)
    .where('t.finishedAt', '>=', fromMs)
    .where('t.startedAt', '<=', toMs)
    .orderBy('t.finishedAt')
    .execute();
  return rows.map(({ name, judgement, ...run }) => {
    const parsed = judgement === null ? null : judgementSchema.safeParse(JSON.parse(judgement));
    return { ...run, nodeName: name, judgement: parsed?.success ? parsed.data : null };
  });
}

/** Those that a node was part of in a span, for its charts. */
export async function touchingNode(
  db: Db,
  nodeId: string,
  fromMs: number,
  toMs: number,
): Promise<{ id: string; title: string; severity: string | null; from: Instant; to: Instant | null }[]> {
  const rows = await db
    .selectFrom('incidentNodes as n')
    .innerJoin('incidents as i', 'i.id', 'n.incidentId')
    .select(['i.id', 'i.title', 'i.severity', 'i.openedAt', 'i.closedAt', 'n.addedAt'])
    .where('n.nodeId', '=', nodeId)
    .where('i.mergedInto', 'is', null)
    .where('i.openedAt', '<=', toMs)
    .where((eb) => eb.or([eb('i.closedAt', 'is', null), eb('i.closedAt', '>=', fromMs)]))
    .orderBy('i.openedAt')
    .execute();
  return rows.map(({ id, title, severity, openedAt, addedAt, closedAt }) => ({
    ...{ id, title, severity, from: toInstant(Math.max(openedAt, addedAt)) },
    to: closedAt === null ? null : toInstant(Math.max(closedAt, addedAt)),
  }));
}
