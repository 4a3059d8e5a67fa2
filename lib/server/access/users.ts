import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { Settings } from '#server/settings/index.ts';
import { inviteInputSchema, LINK_KINDS, type OneTimeLink, type User, userChangeSchema } from '#shared/account.ts';
import { ROLES } from '#shared/roles.ts';
import { toInstant } from '#shared/time.ts';
import { dropFactors } from './factors.ts';
import { assertAdminLeft, assertNoToken, hasActiveAdmin } from './grants.ts';
import { newLink } from './links.ts';
import { insertUser } from './sessions.ts';

const roleSchema = z.enum(ROLES);
const idSchema = z.object({ id: z.string().min(1).max(64) });
const linkSchema = idSchema.extend({ kind: z.enum(LINK_KINDS) });
const changeSchema = z.object({ id: z.string().min(1).max(64), change: userChangeSchema });

/** By name. */
export async function listUsers(db: Db | Tx, clock: Clock): Promise<User[]> {
  const rows = await db.selectFrom('user').selectAll().orderBy('name').orderBy('id').execute();
  const accounts = await db.selectFrom('account').select(['userId', 'providerId', 'password']).execute();
  const totp = await db.selectFrom('totp').select('userId').where('confirmedAt', 'is not', null).execute();
  const passkeys = await db.selectFrom('passkeys').select('userId').execute();
  const sessions = await db.selectFrom('session').select(['userId', 'seenAt', 'expiresAt']).execute();
  return rows.map((row) => {
    const own = <T extends { userId: string }>(list: readonly T[]): T[] => list.filter(({ userId }) => userId === row.id);
    const ways = {
      password: own(accounts).some(({ password }) => password !== null),
      totp: own(totp).length > 0,
      passkeys: own(passkeys).length,
      oidc: own(accounts).some(({ providerId }) => providerId.startsWith('oidc:')),
    };
    const open = own(sessions).filter(({ expiresAt }) => Date.parse(expiresAt) > clock.now());
    const seen = Math.max(0, ...own(sessions).map(({ seenAt }) => seenAt));
    const comesIn = ways.password || ways.passkeys > 0 || ways.oidc || open.length > 0;
    return {
      id: row.id,
      name: row.name,
      email: row.email,
      role: roleSchema.parse(row.role),
      state: row.disabledAt !== null ? 'disabled' : comesIn ? 'active' : 'invited',
      ways,
      managed: row.managedBy !== null,
      sessions: open.length,
      seenAt: seen === 0 ? null : toInstant(seen),
      createdAt: row.createdAt,
    };
  });
}

async function userOf(tx: Tx, clock: Clock, id: string): Promise<User> {
  const user = (await listUsers(tx, clock)).find((one) => one.id === id);
  if (user) return user;
  throw new HeadroomError('user.not-found', `there is no person ${JSON.stringify(id)}: the account was deleted, or the id is mistyped`);
}

/** For the audit: what an admin decides. */
const described = ({ name, email, role, state }: User) => ({ name, email, role, state });

/** What an admin does about other people's accounts. Each takes a second factor of the last minutes. */
export function createUserVerbs({ clock, url, sealed }: { clock: Clock; url: string; sealed: Settings['sealed'] }) {
  const invite: Verb<typeof inviteInputSchema, Tx, { user: User; link: OneTimeLink }> = {
    name: 'user.invite',
    permission: 'user.write',
    fresh: true,
    input: inviteInputSchema,
    async run(tx, input, { actor, now }) {
      assertNoToken(actor, 'inviting people');
      const email = input.email.toLowerCase();
      const taken = await tx.selectFrom('user').select('name').where('email', '=', email).executeTakeFirst();
      if (taken) throw new HeadroomError('user.email-taken', `${email} is ${taken.name}’s: change that account, or use another e-mail`);
      const id = await insertUser(tx, { ...input, email }, now);
      const link = await newLink(tx, { kind: 'invite', userId: id, createdBy: actor.id, now, url });
      const user = await userOf(tx, clock, id);
      return { result: { user, link }, secret: true, object: `user:${id}`, after: described(user) };
    },
  };

  const change: Verb<typeof changeSchema, Tx, User> = {
    name: 'user.change',
    permission: 'user.write',
    fresh: true,
    input: changeSchema,
    async run(tx, { id, change }, { actor, now }) {
      if (change.role !== undefined || change.disabled === false) assertNoToken(actor, 'giving people a role, or their account back,');
      const before = await userOf(tx, clock, id);
      const guarded = await hasActiveAdmin(tx);
      const { name, role, disabled } = change;
      if (role !== undefined && role !== before.role && before.managed)
        throw new HeadroomError(
          'account.wrong-state',
          `the role of ${before.name} comes from the groups of the sign-in provider: change it there`,
        );
      const set = {
        ...(name !== undefined && { name }),
        ...(role !== undefined && { role }),
        ...(disabled !== undefined && { disabledAt: disabled ? now : null }),
        updatedAt: toInstant(now),
      };
      await tx.updateTable('user').set(set).where('id', '=', id).execute();
      if (disabled) await endAll(tx, id);
      if (guarded) await assertAdminLeft(tx);
      const after = await userOf(tx, clock, id);
      return { result: after, object: `user:${id}`, before: described(before), after: described(after) };
    },
  };

  const remove: Verb<typeof idSchema, Tx, { deleted: string }> = {
    name: 'user.delete',
    permission: 'user.write',
    fresh: true,
    input: idSchema,
    async run(tx, { id }) {
      const before = await userOf(tx, clock, id);
      const guarded = await hasActiveAdmin(tx);
      await endAll(tx, id);
      await dropFactors(tx, sealed, id);
      // what they made to act for them goes with them
      await tx.deleteFrom('tokens').where('makerId', '=', id).execute();
      await tx.deleteFrom('user').where('id', '=', id).execute();
      if (guarded) await assertAdminLeft(tx);
      return { result: { deleted: id }, object: `user:${id}`, before: described(before) };
    },
  };

  const link: Verb<typeof linkSchema, Tx, OneTimeLink> = {
    name: 'user.link',
    permission: 'user.write',
    fresh: true,
    input: linkSchema,
    async run(tx, { id, kind }, { actor, now }) {
      assertNoToken(actor, 'a link that lets somebody in');
      const user = await userOf(tx, clock, id);
      if (user.state === 'disabled') throw new HeadroomError('account.wrong-state', `${user.name} is disabled: enable the account first`);
      if ((kind === 'invite') !== (user.state === 'invited'))
        throw new HeadroomError(
          'account.wrong-state',
          kind === 'invite'
            ? `${user.name} has come in already: reset the password instead`
            : `${user.name} has not come in yet: invite again`,
        );
      const made = await newLink(tx, { kind, userId: id, createdBy: actor.id, now, url });
      return { result: made, secret: true, object: `user:${id}`, after: { kind, expiresAt: made.expiresAt } };
    },
  };

  const endSessions: Verb<typeof idSchema, Tx, { ended: number }> = {
    name: 'user.end-sessions',
    permission: 'user.write',
    fresh: true,
    input: idSchema,
    async run(tx, { id }) {
      await userOf(tx, clock, id);
      const ended = await endAll(tx, id);
      return { result: { ended }, object: `user:${id}`, after: { ended } };
    },
  };
  return { invite, change, remove, link, endSessions };
}

async function endAll(tx: Tx, userId: string): Promise<number> {
  await tx.deleteFrom('challenges').where('userId', '=', userId).execute();
  const { numDeletedRows } = await tx.deleteFrom('session').where('userId', '=', userId).executeTakeFirst();
  return Number(numDeletedRows);
}
