import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb, VerbContext } from '#server/kernel/verb.ts';
import { type Actor, mayEverywhere, mayOn } from '#shared/access.ts';
import { MAX_SILENCE_DAYS, type Matcher, matcherSchema, type Silence, silenceReadSchema } from '#shared/silences.ts';
import { toInstant } from '#shared/time.ts';
import { assertLabelSelector, assertMatchers, covers } from './matchers.ts';

/** Every alert that changes is held against each. */
const MOST_ACTIVE = 300;
/** characters of a selector */
const MOST_SELECTOR = 2000;
const DAY_MS = 86_400_000;

export type StoredSilence = { id: string; selector: string; matchers: Matcher[]; reason: string; createdBy: string; nodeId: string | null };
type Row = Omit<StoredSilence, 'matchers'> & {
  matchers: string;
  startsAt: number;
  endsAt: number;
  createdAt: number;
  updatedAt: number;
  endedBy: string | null;
  runId: string | null;
};

const readMatchers = (text: string): Matcher[] => matcherSchema.array().parse(JSON.parse(text));

export async function activeSilences(db: Db | Tx, now: number): Promise<StoredSilence[]> {
  const rows = await db.selectFrom('silences').selectAll().where('startsAt', '<=', now).where('endsAt', '>', now).execute();
  return rows.map((row) => ({ ...row, matchers: readMatchers(row.matchers) }));
}

/** Those that hold first, the soonest to end first; then what is over, newest first. */
export async function listSilences(db: Db | Tx, now: number): Promise<Silence[]> {
  const open = await db.selectFrom('silences').selectAll().where('endsAt', '>', now).orderBy('endsAt').limit(500).execute();
  const over = await db.selectFrom('silences').selectAll().where('endsAt', '<=', now).orderBy('endsAt', 'desc').limit(100).execute();
  const held = await db
    .selectFrom('alerts')
    .select('silencedBy')
    .where('state', '!=', 'resolved')
    .where('silencedBy', '!=', '[]')
    .execute();
  const ids = held.flatMap(({ silencedBy }) => z.array(z.string()).parse(JSON.parse(silencedBy)));
  return [...open, ...over].map((row) => toSilence(row, now, ids.filter((id) => id === row.id).length));
}

export async function findSilence(db: Db | Tx, id: string, now: number): Promise<Silence> {
  const row = await db.selectFrom('silences').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw missing(id);
  return toSilence(row, now, 0);
}

const missing = (id: string) =>
  new HeadroomError(
    'silence.not-found',
    `There is no silence ${JSON.stringify(id.slice(0, 64))}: it ended long ago, or the id is mistyped.`,
  );

const toSilence = (row: Row, now: number, holds: number): Silence => ({
  ...row,
  state: row.endsAt <= now ? 'expired' : row.startsAt > now ? 'pending' : 'active',
  matchers: readMatchers(row.matchers),
  startsAt: toInstant(row.startsAt),
  endsAt: toInstant(row.endsAt),
  createdAt: toInstant(row.createdAt),
  updatedAt: toInstant(row.updatedAt),
  holds,
});

function spanOf(input: { startsAt?: number | undefined; endsAt: number }, now: number): { startsAt: number; endsAt: number } {
  const startsAt = Math.max(input.startsAt ?? now, now);
  const wrong = (message: string) => new HeadroomError('request.invalid', message, { fields: [{ path: 'endsAt', message }] });
  if (input.endsAt <= startsAt)
    throw wrong(`the silence would end at ${toInstant(input.endsAt)}: it should end after ${toInstant(startsAt)}`);
  if (input.endsAt - now > MAX_SILENCE_DAYS * DAY_MS + 60_000)
    throw wrong(
      `the silence would end at ${toInstant(input.endsAt)}: ${MAX_SILENCE_DAYS} days from now is the most, so that none is forgotten`,
    );
  return { startsAt, endsAt: input.endsAt };
}

export const addSilence: Verb<typeof silenceReadSchema, Tx, Silence> = {
  name: 'silence.add',
  permission: 'silence.write',
  input: silenceReadSchema,
  nodes: nodesUnder,
  async run(tx, input, context) {
    const result = await insertSilence(tx, input, context);
    return { result, object: `silence:${result.id}`, after: result, events: [changed(result.id)] };
  },
};

const changed = (silenceId: string) => ({ type: 'silence.changed' as const, silenceId });

async function insertSilence(tx: Tx, input: z.output<typeof silenceReadSchema>, { actor, now }: VerbContext): Promise<Silence> {
  assertLabelSelector(input.selector);
  assertMatchers(input.matchers);
  const selector = await heldTo(tx, actor, input);
  const { count } = await tx
    .selectFrom('silences')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('endsAt', '>', now)
    .executeTakeFirstOrThrow();
  if (Number(count) >= MOST_ACTIVE)
    throw new HeadroomError('request.invalid', `There are ${count} silences, and ${MOST_ACTIVE} is the most: end one that is not needed.`);
  const row: Row = {
    ...{
      id: randomUUID(),
      selector,
      matchers: JSON.stringify(input.matchers),
      reason: input.reason,
      createdBy: madeBy(input.owner, actor.name),
    },
    ...{ ...spanOf(input, now), createdAt: now, updatedAt: now, endedBy: null, runId: null, nodeId: null },
  };
  await tx.insertInto('silences').values(row).execute();
  return toSilence(row, now, 0);
}

/** Who asked for it, and whose token or session made it. What amtool exports and imports again carries both already. */
function madeBy(owner: string | undefined, name: string): string {
  if (owner === undefined || owner === name) return name;
  return owner.endsWith(`, by ${name}`) ? owner : `${owner}, by ${name}`;
}

/**
 * The selector, narrowed to what the actor holds: a silence outlives the look at the nodes that there are, and must not hold one that comes later and is
 * somebody else's. A selector and a grant's are terms that must all hold, so they stand beside each other.
 */
async function heldTo(tx: Tx, actor: Actor, input: Pick<z.output<typeof silenceReadSchema>, 'selector' | 'matchers'>): Promise<string> {
  if (actor.kind === 'system' || mayEverywhere(actor, 'silence.write')) return input.selector;
  const ids = await nodesUnder(tx, input);
  const rows = await tx.selectFrom('nodes').select(['id', 'name', 'labels']).where('id', 'in', ids).execute();
  const nodes = rows.map((row) => ({ ...row, labels: labelsSchema.catch({}).parse(JSON.parse(row.labels)) }));
  const words = new Set(input.selector.split(/\s+/).filter((word) => word !== '' && word !== '*'));
  for (const held of [actor.grants, actor.within]) {
    if (held === undefined || mayEverywhere({ role: actor.role, grants: held }, 'silence.write')) continue;
    const grant = held.find((one) => nodes.every((node) => mayOn({ role: one.role, grants: [one] }, 'silence.write', node)));
    if (grant === undefined)
      throw new HeadroomError(
        'request.invalid',
        `A silence is held to one of your grants, and none covers all of its ${nodes.length} nodes: make one silence for each of them.`,
      );
    for (const word of (grant.selector ?? '').split(/\s+/)) if (word !== '') words.add(word);
  }
  const selector = [...words].join(' ') || '*';
  if (selector.length <= MOST_SELECTOR) return selector;
  throw new HeadroomError(
    'request.invalid',
    `The selector and your grant's make ${selector.length} characters: ${MOST_SELECTOR} are the most.`,
  );
}

const editSchema = z.object({
  id: z.string().min(1).max(64),
  reason: z.string().trim().min(1).max(500).optional(),
  startsAt: z.number().optional(),
  endsAt: z.number(),
});

/** Another end, another reason. What it holds is never changed: that would be another silence. */
export const editSilence: Verb<typeof editSchema, Tx, Silence> = {
  name: 'silence.edit',
  permission: 'silence.write',
  input: editSchema,
  nodes: nodesOf,
  async run(tx, input, { now }) {
    const before = await findSilence(tx, input.id, now);
    if (before.state === 'expired')
      throw new HeadroomError('silence.over', `The silence ${input.id} ended at ${before.endsAt}: make a new one.`);
    const begun = before.state === 'active' ? Date.parse(before.startsAt) : undefined;
    const span = spanOf({ startsAt: input.startsAt ?? Date.parse(before.startsAt), endsAt: input.endsAt }, now);
    const patch = { startsAt: begun ?? span.startsAt, endsAt: span.endsAt, reason: input.reason ?? before.reason, updatedAt: now };
    await tx.updateTable('silences').set(patch).where('id', '=', input.id).execute();
    const result = await findSilence(tx, input.id, now);
    return { result, object: `silence:${input.id}`, before, after: result, events: [{ type: 'silence.changed', silenceId: input.id }] };
  },
};

const refSchema = z.object({ id: z.string().min(1).max(64) });

export const expireSilence: Verb<typeof refSchema, Tx, Silence> = {
  name: 'silence.expire',
  permission: 'silence.write',
  input: refSchema,
  nodes: nodesOf,
  async run(tx, { id }, { actor, now }) {
    const before = await findSilence(tx, id, now);
    if (before.state === 'expired') throw new HeadroomError('silence.over', `The silence ${id} ended at ${before.endsAt} already.`);
    await endSilence(tx, before, actor.name, now);
    const result = await findSilence(tx, id, now);
    return { result, object: `silence:${id}`, before, after: result, events: [changed(id)] };
  },
};

async function endSilence(tx: Tx, silence: Silence, endedBy: string, now: number): Promise<void> {
  const startsAt = Math.min(Date.parse(silence.startsAt), now);
  await tx.updateTable('silences').set({ startsAt, endsAt: now, updatedAt: now, endedBy }).where('id', '=', silence.id).execute();
}

const replaceSchema = silenceReadSchema.and(refSchema);

/** One ends and another begins, or neither: what the first held never fires in between because the second was refused. */
export const replaceSilence: Verb<typeof replaceSchema, Tx, Silence> = {
  name: 'silence.replace',
  permission: 'silence.write',
  input: replaceSchema,
  nodes: async (tx, input) => {
    const before = await nodesOf(tx, input);
    // one that is about no node of now is about nodes to come, whoever's they will be
    return before.length === 0 ? [] : [...new Set([...before, ...(await nodesUnder(tx, input))])];
  },
  async run(tx, { id, ...draft }, context) {
    const before = await findSilence(tx, id, context.now);
    if (before.state !== 'expired') await endSilence(tx, before, context.actor.name, context.now);
    const result = await insertSilence(tx, draft, context);
    return { result, object: `silence:${result.id}`, before, after: result, events: [changed(id), changed(result.id)] };
  },
};

const labelsSchema = z.record(z.string(), z.string());

/** The nodes that it is about, by what the registry says of them; whoever makes or ends it answers for each. */
export async function nodesUnder(
  tx: Db | Tx,
  by: { selector: string; matchers: readonly Matcher[]; nodeId?: string | null },
): Promise<string[]> {
  if (by.nodeId) return [by.nodeId];
  const ofNode = by.matchers.filter(({ name }) => name !== 'alertname' && name !== 'severity');
  const rows = await tx.selectFrom('nodes').select(['id', 'name', 'labels']).execute();
  return rows.flatMap(({ id, name, labels }) => {
    const signal = { rule: '', nodeId: id, node: name, labels: labelsSchema.catch({}).parse(JSON.parse(labels)) };
    return covers({ ...by, matchers: ofNode, nodeId: null }, signal, 'info') ? [id] : [];
  });
}

async function nodesOf(tx: Tx, { id }: { id: string }): Promise<string[]> {
  const row = await tx.selectFrom('silences').select(['selector', 'matchers']).where('id', '=', id).executeTakeFirst();
  return row ? nodesUnder(tx, { selector: row.selector, matchers: readMatchers(row.matchers) }) : [];
}
