import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { alertSchema, DELIVERY_EVENTS, DELIVERY_STATES, type Delivery } from '#shared/notify.ts';
import { toInstant } from '#shared/time.ts';
import type { SendFailure } from './reach.ts';

const SECOND = 1000;
const FIRST_MS = 2 * SECOND;
const LONGEST_MS = 10 * 60 * SECOND;
/** Somebody who reads of it a day later reads it in the UI. */
const GIVES_UP_MS = 24 * 3_600_000;
/** Above the longest time that a receiver may take. Whoever dies while sending holds it up for this long. */
const LEASE_MS = 25 * SECOND;
const shapes = z.object({ event: z.enum(DELIVERY_EVENTS), state: z.enum(DELIVERY_STATES), payload: alertSchema });

export type Due = {
  id: string;
  channelId: string;
  alertKey: string;
  event: Delivery['event'];
  payload: z.infer<typeof alertSchema>;
  attempts: number;
  since: number;
};

/** The oldest of each alert that is due: an end is never told before its beginning was, or was given up. */
export async function dueOf(db: Db, channelId: string, now: number, limit: number): Promise<Due[]> {
  const rows = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('channelId', '=', channelId)
    .where('state', '=', 'pending')
    .where('nextAt', '<=', now)
    .where('leaseUntil', '<=', now)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('deliveries as e')
            .select('e.id')
            .whereRef('e.channelId', '=', 'deliveries.channelId')
            .whereRef('e.alertKey', '=', 'deliveries.alertKey')
            .whereRef('e.change', '<', 'deliveries.change')
            .where('e.state', '=', 'pending'),
        ),
      ),
    )
    .orderBy('nextAt')
    .limit(limit)
    .execute();
  return rows.map(({ event, state, payload, ...row }) => ({ ...row, ...shapes.parse({ event, state, payload: JSON.parse(payload) }) }));
}

/** Channels that have something due. */
export async function channelsDue(db: Db, now: number): Promise<string[]> {
  const rows = await db
    .selectFrom('deliveries as d')
    .innerJoin('channels as c', 'c.id', 'd.channelId')
    .select('d.channelId')
    .distinct()
    .where('d.state', '=', 'pending')
    .where('d.nextAt', '<=', now)
    .where('d.leaseUntil', '<=', now)
    .where('c.enabled', '=', 1)
    .execute();
  return rows.map((row) => row.channelId);
}

/** The lease that it is held under, by its end in epoch ms; null: another process sends it already. */
export async function claim(db: Db, id: string, now: number): Promise<number | null> {
  const lease = now + LEASE_MS;
  const done = await db
    .updateTable('deliveries')
    .set((eb) => ({ leaseUntil: lease, attempts: eb('attempts', '+', 1) }))
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('leaseUntil', '<=', now)
    .executeTakeFirst();
  return Number(done.numUpdatedRows) === 1 ? lease : null;
}

/** The receiver took it, which stays true when the lease ran out meanwhile: whoever holds it now need not try again. */
export const delivered = async (db: Db, id: string, answer: string, now: number): Promise<void> => {
  await db.updateTable('deliveries').set({ state: 'delivered', answer, finishedAt: now, leaseUntil: 0 }).where('id', '=', id).execute();
};

/** It was not begun, or its process stops: as if it had not been claimed. */
export const released = async (db: Db, id: string, lease: number): Promise<void> => {
  await db
    .updateTable('deliveries')
    .set({ leaseUntil: 0 })
    .where('id', '=', id)
    .where('state', '=', 'pending')
    .where('leaseUntil', '=', lease)
    .execute();
};

export const releaseAll = async (db: Db): Promise<void> => {
  await db.updateTable('deliveries').set({ leaseUntil: 0 }).where('state', '=', 'pending').execute();
};

/** `lost`: its lease ran out, and whoever took it up says what becomes of it. A late failure never undoes a delivery. */
export async function failed(
  db: Db,
  due: Due,
  lease: number,
  failure: SendFailure,
  now: number,
  random: () => number = Math.random,
): Promise<'pending' | 'dead' | 'lost'> {
  const waitMs = Math.max(backOff(due.attempts + 1, random), failure.afterMs);
  const dead = !failure.again || now + waitMs > due.since + GIVES_UP_MS;
  const patch = dead ? { state: 'dead', finishedAt: now } : { nextAt: now + waitMs };
  const noted = await db
    .updateTable('deliveries')
    .set({ ...patch, answer: failure.message.slice(0, 1000), leaseUntil: 0 })
    .where('id', '=', due.id)
    .where('state', '=', 'pending')
    .where('leaseUntil', '=', lease)
    .executeTakeFirst();
  if (Number(noted.numUpdatedRows) === 0) return 'lost';
  return dead ? 'dead' : 'pending';
}

/** After the n-th attempt: 2 s doubled each time up to 10 min, of that the upper half by chance, so that many do not come back at once. */
export function backOff(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(FIRST_MS * 2 ** Math.min(attempt - 1, 20), LONGEST_MS);
  return Math.round(whole / 2 + (whole / 2) * random());
}

/** Newest first. */
export async function listDeliveries(
  db: Db,
  options: { limit: number; state?: Delivery['state'] | undefined; channelId?: string | undefined; alertKey?: string | undefined },
): Promise<Delivery[]> {
  let query = db
    .selectFrom('deliveries as d')
    .innerJoin('channels as c', 'c.id', 'd.channelId')
    .selectAll('d')
    .select('c.name')
    .orderBy('d.createdAt', 'desc')
    .orderBy('d.id', 'desc')
    .limit(options.limit);
  if (options.state) query = query.where('d.state', '=', options.state);
  if (options.channelId) query = query.where('d.channelId', '=', options.channelId);
  if (options.alertKey) query = query.where('d.alertKey', '=', options.alertKey);
  return (await query.execute()).map((row) => {
    const { event, state, payload } = shapes.parse({ event: row.event, state: row.state, payload: JSON.parse(row.payload) });
    return {
      ...{
        id: row.id,
        channelId: row.channelId,
        channel: row.name,
        event,
        alertKey: row.alertKey,
        title: payload.title,
        link: payload.link,
        state,
      },
      ...{ attempts: row.attempts, createdAt: toInstant(row.createdAt), answer: row.answer },
      nextAt: state === 'pending' ? toInstant(row.nextAt) : null,
      finishedAt: row.finishedAt === null ? null : toInstant(row.finishedAt),
    };
  });
}

const refSchema = z.object({ id: z.string().min(1).max(64) });

/** A dead one is begun anew, with its own id; a pending one does not wait any longer. */
export const retryDelivery: Verb<typeof refSchema, Tx, { id: string; state: 'pending' }> = {
  name: 'delivery.retry',
  permission: 'alert.write',
  input: refSchema,
  async run(tx, { id }, { now }) {
    const row = await tx
      .selectFrom('deliveries')
      .select(['state', 'attempts', 'answer', 'alertKey', 'since'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row)
      throw new HeadroomError(
        'delivery.not-found',
        `There is no delivery ${JSON.stringify(id.slice(0, 64))}: its channel was removed, or it is older than a month.`,
      );
    if (row.state === 'delivered')
      throw new HeadroomError('delivery.wrong-state', `The delivery ${id} was taken by its receiver: it is not sent a second time.`);
    const anew = row.state === 'dead' ? { attempts: 0, since: now } : {};
    await tx
      .updateTable('deliveries')
      .set({ ...anew, state: 'pending', nextAt: now, finishedAt: null })
      .where('id', '=', id)
      .execute();
    const before = { state: row.state, attempts: row.attempts, answer: row.answer };
    return { result: { id, state: 'pending' }, object: `delivery:${id}`, before, events: [{ type: 'alert.changed', key: row.alertKey }] };
  },
};
