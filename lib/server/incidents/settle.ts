import type { Db, Tx } from '#server/db/index.ts';
import { CAUSES, type Cause } from '#shared/incident-rules.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { boughtBy, endBought, endOfBought, keepBought, raisedLimits } from './bought-time.ts';
import { closingOf, closingWords, type NodeProof } from './close.ts';
import type { Noted } from './judge.ts';
import { closeIncident, reopen } from './keep.ts';
import { acceptedOf, proofsOf, provenFixes, signalsByNode } from './proofs.ts';
import type { BoughtRow } from './rows.ts';

/** What a pass over incidents needs beside the fleet; `changed` is told once the database has it. */
export type SettleDeps = {
  db: Db;
  scraper: { health(nodeId: string): { lastSample: Sample | null } };
  changed(incidentId: string): void;
  noted: Noted;
};
type FleetMap = ReadonlyMap<string, FleetNode>;

/** A person who resolved what still fires is asked again after this. */
const STILL_FIRES_MS = 60 * 60_000;

/** What was bought since the last pass, and what of it is over. */
export async function followBought({ db, changed }: SettleDeps, fleet: FleetMap, now: number): Promise<void> {
  const raised = await raisedLimits(db, now);
  const rows: BoughtRow[] = await db.selectFrom('boughtTime').selectAll().where('endedAt', 'is', null).execute();
  for (const one of raised) {
    const expected = rows.find((b) => b.runId === one.runId && b.nodeId === one.nodeId);
    const bought = boughtBy(one, fleet.get(one.nodeId), expected, now);
    if (!bought) continue;
    const incidentId = await openIncidentOf(db, one.nodeId);
    await db.transaction().execute((tx) => keepBought(tx, bought, incidentId));
    const about = bought.row.incidentId ?? incidentId;
    if (about !== null) changed(about);
  }
  for (const row of rows.filter((b) => b.limitBefore > 0)) {
    const why = endOfBought(row, fleet.get(row.nodeId));
    if (why === null) continue;
    await db.transaction().execute((tx) => endBought(tx, row, why, now));
    if (row.incidentId !== null) changed(row.incidentId);
  }
}

/** The first one that the node is part of and that is not resolved. */
export async function openIncidentOf(db: Db, nodeId: string): Promise<string | null> {
  const row = await db
    .selectFrom('incidentNodes as n')
    .innerJoin('incidents as i', 'i.id', 'n.incidentId')
    .select('i.id')
    .where('n.nodeId', '=', nodeId)
    .where('i.status', '!=', 'resolved')
    .orderBy('i.openedAt')
    .executeTakeFirst();
  return row?.id ?? null;
}

/** Closes what the evidence closes, and asks again about what a person closed while it still fires. */
export async function settleIncidents(deps: SettleDeps, fleet: FleetMap, now: number): Promise<void> {
  const { db, changed, noted } = deps;
  const rows = await db
    .selectFrom('incidents')
    .select(['id', 'cause', 'status', 'closedAt'])
    .where('mergedInto', 'is', null)
    .where((eb) => eb.or([eb('status', '!=', 'resolved'), eb('closedAt', '>=', now - 4 * STILL_FIRES_MS)]))
    .execute();
  for (const row of rows) {
    if (row.status === 'resolved') {
      if (row.closedAt === null || now - row.closedAt < STILL_FIRES_MS) continue;
      const still = await firingIn(db, row.id);
      if (still === 0) continue;
      const reason = `${still === 1 ? 'a signal fires' : `${still} signals fire`} still, an hour after it was resolved`;
      const done = await db.transaction().execute(async (tx) => {
        if (!(await isAsRead(tx, row))) return false;
        await reopen(tx, row.id, { by: 'evidence', reason, at: now });
        await noted(tx, row.id);
        return true;
      });
      if (done) changed(row.id);
      continue;
    }
    const cause: Cause = CAUSES.find((c) => c === row.cause) ?? 'by-hand';
    const proofs = await proofsNow(deps, row.id, fleet, now);
    if (!closingOf(cause, proofs, now).ready) continue;
    const reason = closingWords(proofs);
    const done = await db.transaction().execute(async (tx) => {
      if (!(await isAsRead(tx, row))) return false;
      await closeIncident(tx, row.id, { by: 'evidence', reason, at: now });
      await noted(tx, row.id);
      return true;
    });
    if (done) changed(row.id);
  }
}

async function firingIn(db: Db, incidentId: string): Promise<number> {
  const row = await db
    .selectFrom('signals')
    .select((eb) => eb.fn.countAll().as('firing'))
    .where('incidentId', '=', incidentId)
    .where('until', 'is', null)
    .executeTakeFirst();
  return Number(row?.firing ?? 0);
}

/** False: a person resolved, reopened or merged it while the evidence was weighed. What they said stands. */
async function isAsRead(tx: Tx, { id, status, closedAt }: { id: string; status: string; closedAt: number | null }): Promise<boolean> {
  const row = await tx.selectFrom('incidents').select(['status', 'closedAt', 'mergedInto']).where('id', '=', id).executeTakeFirst();
  return row?.mergedInto === null && row.status === status && row.closedAt === closedAt;
}

/** What each node of an incident shows at this moment. */
export async function proofsNow(
  { db, scraper }: Pick<SettleDeps, 'db' | 'scraper'>,
  id: string,
  fleet: FleetMap,
  now: number,
): Promise<NodeProof[]> {
  const nodes = await db.selectFrom('incidentNodes').select(['nodeId', 'name']).where('incidentId', '=', id).execute();
  const signals = await signalsByNode(db, id);
  const since = signals.reduce((first, one) => Math.min(first, one.first), now);
  const fixes = await provenFixes(
    db,
    nodes.map((n) => n.nodeId),
    since,
  );
  const accepted = (nodeId: string) => acceptedOf([scraper.health(nodeId).lastSample].filter((s) => s !== null));
  return proofsOf({ nodes, signals, fixes, fleet, accepted, now });
}
