import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { type Actor, type Grant, grantInputSchema, type grantSchema, ROLES, type Role } from '#shared/access.ts';

type GrantView = z.infer<typeof grantSchema>;
type Row = { role: string; selector: string | null };

const roleSchema = z.enum(ROLES);
const toGrant = ({ role, selector }: Row): Grant => ({ role: roleSchema.parse(role), selector });

/** The grant that comes with the account has the account's id behind this. */
const BASE = 'base-';

/** What a person holds now, the account's own grant first; null when there is no such person, or the account is disabled. */
async function heldBy(db: Db | Tx, userId: string): Promise<Grant[] | null> {
  const rows = await db
    .selectFrom('user as u')
    .leftJoin('grants as g', 'g.userId', 'u.id')
    .select(['u.role as role', 'u.selector as selector', 'g.role as moreRole', 'g.selector as moreSelector'])
    .where('u.id', '=', userId)
    .where('u.disabledAt', 'is', null)
    .orderBy('g.id')
    .execute();
  const [user] = rows;
  if (!user) return null;
  const more = rows.flatMap(({ moreRole, moreSelector }) => (moreRole === null ? [] : [{ role: moreRole, selector: moreSelector }]));
  return [user, ...more].map(toGrant);
}

/** The actor with what it holds at this moment; null when the token's maker is gone. */
export async function withGrants(db: Db, actor: Actor): Promise<Actor | null> {
  if (actor.kind === 'system') return actor;
  if (actor.kind === 'user') {
    const grants = await heldBy(db, actor.id);
    return grants && { ...actor, role: highest(grants), grants };
  }
  const row = await db.selectFrom('tokens').select(['role', 'selector', 'makerId']).where('id', '=', actor.id).executeTakeFirst();
  if (!row) return null;
  const grants = [toGrant(row)];
  if (row.makerId === null) return { ...actor, grants };
  const within = await heldBy(db, row.makerId);
  return within && { ...actor, grants, within };
}

const highest = (grants: readonly Grant[]): Role =>
  grants.reduce<Role>((best, { role }) => (ROLES.indexOf(role) > ROLES.indexOf(best) ? role : best), 'viewer');

/** Whose grants a new token stays within: the person's, or those of whoever made the token that makes it. Null: the console's own. */
export async function makerOf(tx: Tx, actor: Actor): Promise<string | null> {
  if (actor.kind !== 'token') return actor.kind === 'user' ? actor.id : null;
  const row = await tx.selectFrom('tokens').select('makerId').where('id', '=', actor.id).executeTakeFirst();
  return row?.makerId ?? null;
}

/**
 * Whoever may act is given that by people: what a token gave would stay when the token has ended, and of one that leaked nobody would look for it. What takes
 * access away, tokens may do: who leaves is shut out by a script. Throws auth.forbidden.
 */
export function assertNoToken(actor: Actor, what: string): void {
  if (actor.kind !== 'token') return;
  throw new HeadroomError(
    'auth.forbidden',
    `${what} is for a person who is signed in, and ${actor.name} is a token: access that it gave would outlast it. Sign in to the console, or let your sign-in provider's groups give the role`,
  );
}

/** Of everybody, by name; the account's own grant of each first. */
export async function listGrants(db: Db): Promise<GrantView[]> {
  const users = await db.selectFrom('user').select(['id', 'name', 'email', 'role', 'selector']).orderBy('name').orderBy('id').execute();
  const more = await db.selectFrom('grants').selectAll().orderBy('id').execute();
  return users.flatMap(({ id, name, email, ...base }) => [
    { id: `${BASE}${id}`, userId: id, user: name, email, ...toGrant(base), base: true },
    ...more.filter((row) => row.userId === id).map((row) => ({ id: row.id, userId: id, user: name, email, ...toGrant(row), base: false })),
  ]);
}

const addInput = grantInputSchema.extend({ userId: z.string().min(1).max(64) });
const changeInput = grantInputSchema.extend({ id: z.string().min(1).max(80) });
const idInput = z.object({ id: z.string().min(1).max(80) });

export const addGrant: Verb<typeof addInput, Tx, GrantView> = {
  name: 'grant.add',
  permission: 'user.write',
  fresh: true,
  input: addInput,
  async run(tx, { userId, role, selector }, { actor, now }) {
    assertNoToken(actor, 'granting a role');
    const user = await tx.selectFrom('user').select(['name', 'email']).where('id', '=', userId).executeTakeFirst();
    if (!user) throw new HeadroomError('grant.not-found', `there is no person ${JSON.stringify(userId)} to grant anything to`);
    const row = { id: newId('g', now), userId, role, selector, createdAt: now };
    await tx.insertInto('grants').values(row).execute();
    const grant = { id: row.id, userId, user: user.name, email: user.email, role, selector, base: false };
    return { result: grant, object: `user:${userId}`, after: grant };
  },
};

/** The account's own grant too: its role, and where that holds. */
export const changeGrant: Verb<typeof changeInput, Tx, GrantView> = {
  name: 'grant.change',
  permission: 'user.write',
  fresh: true,
  input: changeInput,
  async run(tx, { id, role, selector }, { actor }) {
    assertNoToken(actor, 'granting a role');
    const before = await find(tx, id);
    if (before.base) await tx.updateTable('user').set({ role, selector }).where('id', '=', before.userId).execute();
    else await tx.updateTable('grants').set({ role, selector }).where('id', '=', id).execute();
    await assertAdminLeft(tx);
    const after = { ...before, role, selector };
    return { result: after, object: `user:${before.userId}`, before, after };
  },
};

export const removeGrant: Verb<typeof idInput, Tx, { removed: string }> = {
  name: 'grant.remove',
  permission: 'user.write',
  fresh: true,
  input: idInput,
  async run(tx, { id }) {
    const before = await find(tx, id);
    if (before.base)
      throw new HeadroomError(
        'request.invalid',
        `this is the grant that ${before.user} has with the account: change it, or remove the account`,
      );
    await tx.deleteFrom('grants').where('id', '=', id).execute();
    await assertAdminLeft(tx);
    return { result: { removed: id }, object: `user:${before.userId}`, before };
  },
};

async function find(tx: Tx, id: string): Promise<GrantView> {
  const base = id.startsWith(BASE);
  const row = base ? null : await tx.selectFrom('grants').selectAll().where('id', '=', id).executeTakeFirst();
  const userId = base ? id.slice(BASE.length) : row?.userId;
  const user = userId === undefined ? undefined : await tx.selectFrom('user').selectAll().where('id', '=', userId).executeTakeFirst();
  if (!user)
    throw new HeadroomError('grant.not-found', `there is no grant ${JSON.stringify(id)}: it was taken away, or the id is mistyped`);
  return { id, userId: user.id, user: user.name, email: user.email, ...toGrant(row ?? user), base };
}

/** Whoever changes or takes away what people hold calls this last: a console that nobody may administer has no way back. */
export async function assertAdminLeft(tx: Tx): Promise<void> {
  if (await hasActiveAdmin(tx)) return;
  throw new HeadroomError('grant.last-admin', 'nobody would be admin everywhere any more: make somebody else that first');
}

/** Who may sign in and is admin everywhere. */
export async function hasActiveAdmin(tx: Tx): Promise<boolean> {
  const admins = await tx
    .selectFrom('user')
    .leftJoin('grants', 'grants.userId', 'user.id')
    .select('user.id')
    .where((eb) =>
      eb.or([
        eb.and([eb('user.role', '=', 'admin'), eb('user.selector', 'is', null)]),
        eb.and([eb('grants.role', '=', 'admin'), eb('grants.selector', 'is', null)]),
      ]),
    )
    .where('user.disabledAt', 'is', null)
    // who was invited and has not come in yet may never do so
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('accountLinks')
            .select('sha256')
            .whereRef('accountLinks.userId', '=', 'user.id')
            .where('accountLinks.kind', '=', 'invite'),
        ),
      ),
    )
    .limit(1)
    .execute();
  return admins.length > 0;
}
