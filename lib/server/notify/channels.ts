import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import {
  type Channel,
  type ChannelInput,
  type ChannelKind,
  channelInputSchema,
  channelRouteSchema,
  channelTargetSchema,
  DELIVERY_STATES,
  SECRET_SHAPES,
} from '#shared/notify.ts';
import { toInstant } from '#shared/time.ts';
import { assertLabelSelector } from './matchers.ts';
import type { AnyReceiver } from './senders/index.ts';

/** Where secrets are kept sealed. */
export type Sealed = {
  get(key: string, on?: Db | Tx): Promise<string | null>;
  set(key: string, value: string, on?: Db | Tx): Promise<void>;
};

const MOST = 100;
const secretKey = (id: string): string => `channel:${id}`;
const stateSchema = z.enum(DELIVERY_STATES);

export type StoredChannel = Omit<ChannelInput, 'secret'> & { id: string; version: number; createdBy: string; createdAt: number };
type Row = {
  id: string;
  name: string;
  target: string;
  route: string;
  enabled: number;
  allowPrivate: number;
  version: number;
  createdBy: string;
  createdAt: number;
};

export const toChannel = ({ target, route, enabled, allowPrivate, id, name, version, createdBy, createdAt }: Row): StoredChannel => ({
  ...{ id, name, version, createdBy, createdAt },
  target: channelTargetSchema.parse(JSON.parse(target)),
  route: channelRouteSchema.parse(JSON.parse(route)),
  enabled: enabled === 1,
  allowPrivate: allowPrivate === 1,
});

/** By name. */
export async function listChannels(db: Db): Promise<Channel[]> {
  const rows = await db.selectFrom('channels').selectAll().orderBy('name').execute();
  const secrets = await db.selectFrom('secrets').select('key').where('key', 'like', 'channel:%').execute();
  const counts = await db
    .selectFrom('deliveries')
    .select((eb) => ['channelId', 'state', eb.fn.countAll<number>().as('count')])
    .where('state', '!=', 'delivered')
    .groupBy(['channelId', 'state'])
    .execute();
  const count = (id: string, state: string) => Number(counts.find((c) => c.channelId === id && c.state === state)?.count ?? 0);
  return Promise.all(
    rows.map(async (row) => {
      const last = await lastOf(db, row.id);
      const channel = toChannel(row);
      return {
        ...channel,
        createdAt: toInstant(row.createdAt),
        hasSecret: secrets.some((s) => s.key === secretKey(row.id)),
        pending: count(row.id, 'pending'),
        dead: count(row.id, 'dead'),
        last:
          last === undefined
            ? null
            : { state: stateSchema.parse(last.state), at: toInstant(last.finishedAt ?? last.createdAt), answer: last.answer },
      };
    }),
  );
}

const lastOf = (db: Db, channelId: string) =>
  db
    .selectFrom('deliveries')
    .select(['state', 'finishedAt', 'createdAt', 'answer'])
    .where('channelId', '=', channelId)
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Everything that a sender needs, the secret in clear: it stays in memory. */
export async function openReceiver(db: Db, sealed: Sealed, id: string): Promise<(AnyReceiver & { channel: StoredChannel }) | null> {
  const row = await db.selectFrom('channels').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) return null;
  const channel = toChannel(row);
  return { channel, target: channel.target, allowPrivate: channel.allowPrivate, secret: (await sealed.get(secretKey(id))) ?? '' };
}

const missing = (id: string) =>
  new HeadroomError('channel.not-found', `There is no channel ${JSON.stringify(id.slice(0, 64))}: it was removed, or the id is mistyped.`);

function assertSecret(kind: ChannelKind, secret: string | undefined, kept: boolean): void {
  const { required, pattern, wanted } = SECRET_SHAPES[kind];
  const fail = (message: string) => new HeadroomError('request.invalid', message, { fields: [{ path: 'secret', message }] });
  if (secret === undefined || secret === '') {
    if (required && !kept) throw fail(`a channel of the kind ${kind} needs ${wanted}`);
    return;
  }
  if (!pattern.test(secret)) throw fail(`the secret of a channel of the kind ${kind} should be ${wanted}`);
}

/** What can be told without asking a name server; addresses are looked at when they are dialled. */
function assertLeadsSomewhere({ target, secret, allowPrivate }: ChannelInput): void {
  const url = target.kind === 'slack' ? secret : 'url' in target ? target.url : undefined;
  const path = target.kind === 'slack' ? 'secret' : 'target.url';
  const fail = (message: string, at: string) => new HeadroomError('channel.not-allowed', message, { fields: [{ path: at, message }] });
  if (url?.startsWith('http:') && !allowPrivate)
    throw fail('the address begins with http://: it should begin with https://, or the channel be allowed private addresses', path);
  if (url !== undefined && new URL(url).username !== '')
    throw fail('the address has a user name in it: put what authorises the console into the secret', path);
  if (target.kind === 'email' && target.tls === 'none' && !allowPrivate)
    throw fail('mail without TLS goes to private addresses only, and this channel may not go there', 'target.tls');
}

const columns = ({ name, target, route, enabled, allowPrivate }: ChannelInput) => ({
  ...{ name, kind: target.kind, target: JSON.stringify(target), route: JSON.stringify(route) },
  ...{ enabled: enabled ? 1 : 0, allowPrivate: allowPrivate ? 1 : 0 },
});
const shown = ({ secret: _, ...channel }: ChannelInput) => channel;

async function assertNameFree(tx: Tx, name: string, but: string | null): Promise<void> {
  const taken = await tx.selectFrom('channels').select('id').where('name', '=', name).executeTakeFirst();
  if (taken && taken.id !== but)
    throw new HeadroomError('channel.name-taken', `A channel ${name} exists already: give this one another name.`);
}

const editSchema = channelInputSchema.extend({ id: z.string().min(1).max(64), version: z.number().int() });
const refSchema = z.object({ id: z.string().min(1).max(64) });
type Ref = { id: string; name: string; version: number };

export function createChannelVerbs({ sealed }: { sealed: Sealed }) {
  const add: Verb<typeof channelInputSchema, Tx, Ref> = {
    name: 'channel.add',
    permission: 'channel.write',
    input: channelInputSchema,
    async run(tx, input, { actor, now }) {
      assertLabelSelector(input.route.selector);
      assertSecret(input.target.kind, input.secret, false);
      assertLeadsSomewhere(input);
      await assertNameFree(tx, input.name, null);
      const { count } = await tx
        .selectFrom('channels')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= MOST)
        throw new HeadroomError('request.invalid', `There are ${count} channels, and ${MOST} is the most: remove one.`);
      const id = newId('ch', now);
      await tx
        .insertInto('channels')
        .values({ ...columns(input), id, version: 1, createdBy: actor.name, createdAt: now })
        .execute();
      if (input.secret) await sealed.set(secretKey(id), input.secret, tx);
      return {
        result: { id, name: input.name, version: 1 },
        object: `channel:${id}`,
        after: shown(input),
        events: [{ type: 'channel.changed', channelId: id }],
      };
    },
  };
  const edit: Verb<typeof editSchema, Tx, Ref> = {
    name: 'channel.edit',
    permission: 'channel.write',
    input: editSchema,
    async run(tx, { id, version, ...input }) {
      const row = await tx.selectFrom('channels').selectAll().where('id', '=', id).executeTakeFirst();
      if (!row) throw missing(id);
      if (row.version !== version)
        throw new HeadroomError(
          'request.precondition-failed',
          `The channel ${row.name} was changed meanwhile: read it again, then change it.`,
        );
      const before = toChannel(row);
      // A secret was given for one receiver: it is not sent to another one that somebody put in its place.
      const sameReceiver = JSON.stringify(placeOf(before.target)) === JSON.stringify(placeOf(input.target));
      assertLabelSelector(input.route.selector);
      const kept = sameReceiver && (await sealed.get(secretKey(id), tx)) !== null;
      assertSecret(input.target.kind, input.secret, kept);
      assertLeadsSomewhere(input);
      await assertNameFree(tx, input.name, id);
      await tx
        .updateTable('channels')
        .set({ ...columns(input), version: version + 1 })
        .where('id', '=', id)
        .execute();
      if (input.secret) await sealed.set(secretKey(id), input.secret, tx);
      else if (!sameReceiver) await tx.deleteFrom('secrets').where('key', '=', secretKey(id)).execute();
      const { id: _, version: __, createdAt: ___, createdBy: ____, ...was } = before;
      const after = { ...shown(input), secretChanged: Boolean(input.secret) };
      return {
        result: { id, name: input.name, version: version + 1 },
        object: `channel:${id}`,
        before: was,
        after,
        events: [{ type: 'channel.changed', channelId: id }],
      };
    },
  };
  const remove: Verb<typeof refSchema, Tx, { removed: string }> = {
    name: 'channel.remove',
    permission: 'channel.write',
    input: refSchema,
    async run(tx, { id }) {
      const row = await tx.selectFrom('channels').selectAll().where('id', '=', id).executeTakeFirst();
      if (!row) throw missing(id);
      await tx.deleteFrom('channels').where('id', '=', id).execute();
      await tx.deleteFrom('secrets').where('key', '=', secretKey(id)).execute();
      return {
        result: { removed: id },
        object: `channel:${id}`,
        before: { name: row.name, kind: row.kind },
        events: [{ type: 'channel.changed', channelId: id }],
      };
    },
  };
  return { add, edit, remove };
}

const placeOf = (target: ChannelInput['target']): unknown =>
  target.kind === 'email' ? [target.kind, target.host, target.user] : [target.kind, 'url' in target ? new URL(target.url).host : ''];
