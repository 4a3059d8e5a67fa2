import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';

/** What a restart shows by itself; a leak, a changed host key or a stuck run stay loud. */
const QUIET_RULES = ['node-down', 'scrape-blind'];
/** A node that is not back by then is worth a page, run or not. */
const BOUND_MS = 10 * 60_000;
const memoSchema = z.object({ restartAskedAt: z.number().optional() });

/**
 * The silences that runs make: one for a node from the moment its restart is asked until the run is done with the node, or at the bound. Called in the
 * transaction that decides whether an alert is told, so no restart is ever ahead of its silence. Gives the ids that began or ended.
 */
export async function syncRunSilences(tx: Tx, now: number): Promise<string[]> {
  const rows = await tx
    .selectFrom('runLocks as l')
    .innerJoin('runTargets as t', (join) => join.onRef('t.runId', '=', 'l.runId').onRef('t.nodeId', '=', 'l.nodeId'))
    .innerJoin('runs as r', 'r.id', 'l.runId')
    .select(['l.runId', 'l.nodeId', 't.name', 't.memo', 't.attempt', 'r.runbookTitle', 'r.startedBy'])
    .where('t.restart', '!=', 'none')
    .where('t.finishedAt', 'is', null)
    .execute();
  const kept = await tx
    .selectFrom('silences')
    .select(['id', 'runId', 'nodeId', 'startsAt', 'endsAt'])
    .where('runId', 'is not', null)
    .where('endsAt', '>', now - BOUND_MS)
    .execute();
  const changed: string[] = [];
  const goesOn = new Set<string>();
  for (const row of rows) {
    const askedAt = memoSchema.safeParse(JSON.parse(row.memo)).data?.restartAskedAt;
    if (askedAt === undefined || askedAt + BOUND_MS <= now) continue;
    const before = kept.find((s) => s.runId === row.runId && s.nodeId === row.nodeId && s.startsAt === askedAt);
    if (before) {
      goesOn.add(before.id);
      continue;
    }
    const id = randomUUID();
    goesOn.add(id);
    changed.push(id);
    const matchers = [
      { name: 'node', value: row.name, isRegex: false, isEqual: true },
      { name: 'alertname', value: QUIET_RULES.join('|'), isRegex: true, isEqual: true },
    ];
    await tx
      .insertInto('silences')
      .values({
        ...{ id, selector: '*', matchers: JSON.stringify(matchers), runId: row.runId, nodeId: row.nodeId },
        reason: `a run restarts it: ${row.runbookTitle}, started by ${row.startedBy}`,
        ...{ startsAt: askedAt, endsAt: askedAt + BOUND_MS, createdBy: 'Headroom', createdAt: now, updatedAt: now, endedBy: null },
      })
      .execute();
  }
  for (const { id, endsAt } of kept)
    if (!goesOn.has(id) && endsAt > now) {
      changed.push(id);
      await tx
        .updateTable('silences')
        .set({ endsAt: now, updatedAt: now, endedBy: 'the run, which is done with it' })
        .where('id', '=', id)
        .execute();
    }
  return changed;
}
