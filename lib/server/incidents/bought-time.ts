import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';
import { formatCount, formatFigure } from '#shared/units/count.ts';
import { formatDuration, formatInstant } from '#shared/units/time.ts';
import { addEntry } from './keep.ts';
import type { BoughtRow } from './rows.ts';

/** Runs that ended longer ago than this are not looked at any more. */
const LOOK_BACK_MS = 24 * 3_600_000;
/** Where no slope says when it runs out, somebody should look again after this. */
const REMIND_MS = 24 * 3_600_000;

const expected = z.object({
  incidentId: z.string().min(1).max(64),
  runId: z.string().min(1).max(64),
  nodeIds: z.array(z.string().min(1).max(64)).min(1).max(1000),
  limit: z.number().int(),
  /** null: when the time runs out by the slope */
  remindMinutes: z.number().int().min(1).nullable(),
});

/** A run that buys time was started from an incident; the rest is filled in once it has raised the limit. */
export const expectBoughtVerb: Verb<typeof expected, Tx, { runId: string }> = {
  name: 'incident.buy-time',
  permission: 'incident.write',
  input: expected,
  nodes: (_tx, { nodeIds }) => nodeIds,
  async run(tx, { incidentId, runId, nodeIds, limit, remindMinutes }, { now }) {
    const named = await tx
      .selectFrom('incidentNodes')
      .selectAll()
      .where('incidentId', '=', incidentId)
      .where('nodeId', 'in', nodeIds)
      .execute();
    for (const { nodeId, name } of named)
      await tx
        .insertInto('boughtTime')
        .values({
          ...{
            id: newId('b', now),
            nodeId,
            nodeName: name,
            incidentId,
            runId,
            at: now,
            limitBefore: 0,
            limitAfter: limit,
            perMinute: null,
          },
          ...{ expiresAt: remindMinutes === null ? null : now + remindMinutes * 60_000, processStart: null, endedAt: null },
        })
        .onConflict((oc) => oc.columns(['runId', 'nodeId']).doNothing())
        .execute();
    return {
      result: { runId },
      object: `incident:${incidentId}`,
      after: { runId, limit, remindMinutes },
      events: [{ type: 'incident.changed', incidentId }],
    };
  },
};

type Raised = { runId: string; nodeId: string; name: string; memo: string; startedBy: string; finishedAt: number };

/** Runs that raised a limit and are not noted yet, whoever started them and from where. */
export async function raisedLimits(db: Db, now: number): Promise<Raised[]> {
  const rows = await db
    .selectFrom('runTargets as t')
    .innerJoin('runs as r', 'r.id', 't.runId')
    .leftJoin('boughtTime as b', (join) => join.onRef('b.runId', '=', 't.runId').onRef('b.nodeId', '=', 't.nodeId'))
    .select(['t.runId', 't.nodeId', 't.name', 't.memo', 't.finishedAt', 'r.startedBy'])
    .where('r.runbookKey', '=', 'buy-time')
    .where('r.dryRun', '=', 0)
    .where('t.status', '=', 'succeeded')
    .where('t.finishedAt', '>=', now - LOOK_BACK_MS)
    .where((eb) => eb.or([eb('b.id', 'is', null), eb('b.limitBefore', '=', 0)]))
    .execute();
  return rows.map((row) => ({ ...row, finishedAt: row.finishedAt ?? now }));
}

/** The row and the words of it; null where the limit was as high before. */
export function boughtBy(raised: Raised, node: FleetNode | undefined, expected: BoughtRow | undefined, now: number) {
  const memo: { limit?: { before: number; asked: number }; sentence?: string } = JSON.parse(raised.memo);
  const { before = 0, asked = 0 } = memo.limit ?? {};
  if (before <= 0 || asked <= before) return null;
  const slope = node?.leak.verdict === 'leaking' ? node.leak.perMinute : null;
  const open = node?.openFds ?? null;
  // by the fast end of the band: to be reminded too early costs less than too late
  const runsOut = slope !== null && slope.high > 0 && open !== null ? now + ((asked - open) / slope.high) * 60_000 : null;
  const expiresAt = expected?.expiresAt ?? Math.round(runsOut ?? now + REMIND_MS);
  const row: BoughtRow = {
    ...{
      id: expected?.id ?? newId('b', now),
      nodeId: raised.nodeId,
      nodeName: raised.name,
      incidentId: expected?.incidentId ?? null,
      runId: raised.runId,
    },
    ...{ at: raised.finishedAt, limitBefore: before, limitAfter: asked, perMinute: slope?.mid ?? null, expiresAt, endedAt: null },
    processStart: node?.processStart == null ? null : Date.parse(node.processStart),
  };
  const kept = memo.sentence?.includes('the next process has it too') ? ', and LimitNOFILE is staged for the next process' : '';
  const minutes =
    slope !== null && slope.mid > 0
      ? ` buys ${formatDuration(((asked - before) / slope.mid) * 60)} at ${formatFigure(slope.mid)} fds/min;`
      : '';
  const text = `Limit ${formatCount(before)} → ${formatCount(asked)}${kept}:${minutes} look again by ${formatInstant(expiresAt)}`;
  return { row, text, by: `${runName(raised.runId)} of ${raised.startedBy}` };
}

export async function keepBought(tx: Tx, bought: NonNullable<ReturnType<typeof boughtBy>>, incidentId: string | null): Promise<void> {
  const row = { ...bought.row, incidentId: bought.row.incidentId ?? incidentId };
  await tx.deleteFrom('boughtTime').where('runId', '=', row.runId).where('nodeId', '=', row.nodeId).execute();
  // one who buys again starts a new account
  await tx.updateTable('boughtTime').set({ endedAt: row.at }).where('nodeId', '=', row.nodeId).where('endedAt', 'is', null).execute();
  await tx.insertInto('boughtTime').values(row).execute();
  if (row.incidentId !== null)
    await addEntry(tx, row.incidentId, {
      ...{
        key: `bought:${row.runId}:${row.nodeId}`,
        at: row.at,
        kind: 'bought-time',
        tone: 'neutral',
        nodeId: row.nodeId,
        nodeName: row.nodeName,
      },
      ...{ text: bought.text, by: bought.by, runId: row.runId },
    });
}

/** Why it is over, in words; null while it goes on. */
export function endOfBought(row: BoughtRow, node: FleetNode | undefined): string | null {
  if (!node) return 'the node was removed';
  const start = node.processStart === null ? null : Date.parse(node.processStart);
  if (start !== null && row.processStart !== null && start > row.processStart + 2500)
    return 'a restart began a new process, with the limit of its unit';
  return node.leak.verdict === 'not-leaking' ? 'the process does not leak any more' : null;
}

export async function endBought(tx: Tx, row: BoughtRow, why: string, now: number): Promise<void> {
  await tx.updateTable('boughtTime').set({ endedAt: now }).where('id', '=', row.id).execute();
  if (row.incidentId !== null)
    await addEntry(tx, row.incidentId, {
      ...{ key: `bought-end:${row.id}`, at: now, kind: 'bought-time', tone: 'neutral', nodeId: row.nodeId, nodeName: row.nodeName },
      text: `Bought time is over: ${why}`,
    });
}
