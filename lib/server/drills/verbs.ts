import { z } from 'zod';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { DRILL_FAMILIES } from '#shared/drill-families.ts';
import { drillAnswerInputSchema, drillInputSchema } from '#shared/drills.ts';
import { UNDER_WAY } from './deps.ts';
import type { Eligible } from './eligible.ts';
import { RUNGS } from './hints.ts';
import { type DrillRow, type DrillSecret, drillNotFound, hintsOf, inPlayOf } from './secret.ts';

const byId = z.object({ id: z.string().max(64) });
const object = (id: string) => `drill:${id}`;
const changed = (drillId: string) => [{ type: 'drill.changed' as const, drillId }];

export type StartDrill = Verb<typeof drillInputSchema, Tx, { id: string }>;

/** With the nodes as they are now, looked at before the transaction. The audit says that there is a drill and how long, and nothing of where and what: that comes with its end. */
export function startDrill({ nodes, leaking, why }: Eligible, random: () => number): StartDrill {
  return {
    name: 'drill.start',
    permission: 'drill.write',
    input: drillInputSchema,
    async run(tx, input, { actor, now }) {
      const busy = await tx.selectFrom('drills').select('id').where('status', 'in', UNDER_WAY).executeTakeFirst();
      if (busy) throw new HeadroomError('drill.wrong-state', 'A drill is under way already: end it first, or let its time run out.');
      if (why !== null) throw new HeadroomError('drill.not-allowed', why);
      const id = newId('d', now);
      const family = input.family ?? DRILL_FAMILIES[Math.floor(random() * DRILL_FAMILIES.length)] ?? 'pool-leak';
      const secret: DrillSecret = { family, nodeId: null, nodeName: null, tried: [], leakedBefore: leaking.map((node) => node.id) };
      const row: DrillRow = {
        ...{ id, status: 'starting', secret: JSON.stringify(secret), minutes: input.minutes, startedBy: actor.name, createdAt: now },
        inPlay: JSON.stringify(nodes.map((node) => ({ nodeId: node.id, name: node.name }))),
        ...{ startedAt: null, endsAt: null, endedAt: null, ended: null, why: null, detectedAt: null },
        ...{ acknowledgedAt: null, acknowledgedBy: null, hints: '[]', answer: null, score: null },
      };
      await tx.insertInto('drills').values(row).execute();
      return { result: { id }, object: object(id), after: { minutes: input.minutes, nodesInPlay: nodes.length }, events: changed(id) };
    },
  };
}

async function running(tx: Tx, id: string): Promise<DrillRow> {
  const row = await tx.selectFrom('drills').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw drillNotFound(id);
  if (row.status !== 'running')
    throw new HeadroomError('drill.wrong-state', `The drill is ${row.status}: that can be done only while it is running.`);
  return row;
}

/** Puts the node right and reveals what it was; the loop does it and goes on until it is done. */
export const stopDrill: Verb<typeof byId, Tx, { id: string }> = {
  name: 'drill.stop',
  permission: 'drill.write',
  input: byId,
  async run(tx, { id }) {
    const row = await tx.selectFrom('drills').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw drillNotFound(id);
    if (!['starting', 'running'].includes(row.status)) throw new HeadroomError('drill.wrong-state', `The drill is ${row.status} already.`);
    await tx.updateTable('drills').set({ status: 'ending', ended: 'stopped' }).where('id', '=', id).execute();
    return { result: { id }, object: object(id), events: changed(id) };
  },
};

/** "I see it": the first time counts. */
export const acknowledgeDrill: Verb<typeof byId, Tx, { id: string }> = {
  name: 'drill.acknowledge',
  permission: 'drill.write',
  input: byId,
  async run(tx, { id }, { actor, now }) {
    const row = await running(tx, id);
    if (row.acknowledgedAt === null)
      await tx.updateTable('drills').set({ acknowledgedAt: now, acknowledgedBy: actor.name }).where('id', '=', id).execute();
    return { result: { id }, object: object(id), events: changed(id) };
  },
};

/** The next rung of the ladder; each costs points. */
export const hintDrill: Verb<typeof byId, Tx, { id: string }> = {
  name: 'drill.hint',
  permission: 'drill.write',
  input: byId,
  async run(tx, { id }, { now }) {
    const hints = hintsOf(await running(tx, id));
    if (hints.length >= RUNGS) throw new HeadroomError('drill.wrong-state', `All ${RUNGS} hints are given.`);
    const next = [...hints, { rung: hints.length + 1, at: now }];
    await tx
      .updateTable('drills')
      .set({ hints: JSON.stringify(next) })
      .where('id', '=', id)
      .execute();
    return { result: { id }, object: object(id), after: { hints: next.length }, events: changed(id) };
  },
};

const answerInput = drillAnswerInputSchema.extend({ id: z.string().max(64) });
export const answerDrill: Verb<typeof answerInput, Tx, { id: string }> = {
  name: 'drill.answer',
  permission: 'drill.write',
  input: answerInput,
  async run(tx, { id, nodeId, cause }, { actor, now }) {
    const row = await running(tx, id);
    if (nodeId !== null && !inPlayOf(row).some((node) => node.nodeId === nodeId))
      throw new HeadroomError('request.invalid', `nodeId is ${JSON.stringify(nodeId)}: it must be one of the nodes in play, or null`);
    const answer = JSON.stringify({ nodeId, cause, at: now, by: actor.name });
    const acknowledged = row.acknowledgedAt === null ? { acknowledgedAt: now, acknowledgedBy: actor.name } : {};
    await tx
      .updateTable('drills')
      .set({ answer, ...acknowledged })
      .where('id', '=', id)
      .execute();
    return { result: { id }, object: object(id), after: { nodeId, cause }, events: changed(id) };
  },
};
