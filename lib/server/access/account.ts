import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { assertRecentSignIn } from '#server/kernel/fresh-factor.ts';
import type { Verb, VerbContext } from '#server/kernel/verb.ts';
import type { Settings } from '#server/settings/index.ts';
import type { Actor } from '#shared/access.ts';
import { accountInputSchema, codeInputSchema, type OwnAccount } from '#shared/account.ts';
import { ROLES } from '#shared/roles.ts';
import { toInstant } from '#shared/time.ts';
import { dropCodesWithoutFactor, factorsOf, hasTotp, newRecoveryCodes, totpKey } from './factors.ts';
import { keptPasskeySchema } from './passkeys.ts';
import { setPassword } from './sessions.ts';
import { matchTotp, newTotpSecret, totpUri } from './totp.ts';

const nothing = z.object({});
const idSchema = z.object({ id: z.string().min(1).max(1400) });
const addPasskeySchema = z.object({ name: z.string(), passkey: keptPasskeySchema });
/** of the new password; the old one was checked before */
const passwordHashSchema = z.object({ hash: z.string() });

/** Whose account it is: a person's who is signed in. */
export function ownSession(actor: Actor): { id: string; session: string } {
  if (actor.kind === 'user' && actor.session) return { id: actor.id, session: actor.session.id };
  throw new HeadroomError('auth.forbidden', `${actor.name} is no person who is signed in: an API token has no account of its own`);
}

export async function ownAccount(db: Db, actor: Actor, passkeysHere: boolean): Promise<OwnAccount> {
  const { id } = ownSession(actor);
  const user = await db.selectFrom('user').select(['name', 'email', 'role']).where('id', '=', id).executeTakeFirstOrThrow();
  const password = await db
    .selectFrom('account')
    .select('id')
    .where('userId', '=', id)
    .where('password', 'is not', null)
    .executeTakeFirst();
  const totp = await db.selectFrom('totp').select('confirmedAt').where('userId', '=', id).executeTakeFirst();
  const codes = await db.selectFrom('recoveryCodes').select('sha256').where('userId', '=', id).where('usedAt', 'is', null).execute();
  const passkeys = await db.selectFrom('passkeys').selectAll().where('userId', '=', id).orderBy('createdAt').execute();
  return {
    id,
    name: user.name,
    email: user.email,
    role: z.enum(ROLES).parse(user.role),
    hasPassword: password !== undefined,
    totpSince: totp?.confirmedAt ? toInstant(totp.confirmedAt) : null,
    recoveryCodesLeft: codes.length,
    passkeys: passkeys.map((row) => ({
      id: row.id,
      name: row.name,
      createdAt: toInstant(row.createdAt),
      lastUsedAt: row.lastUsedAt === null ? null : toInstant(row.lastUsedAt),
    })),
    passkeysHere,
  };
}

/** Everybody's own: no role is needed, and no grant. */
const OWN = { permission: 'self.write', nodes: 'itself' } as const;

/** What people do about their own account. Whoever has a second factor shows it before changing what protects the account. */
export function createAccountVerbs({ sealed }: { sealed: Settings['sealed'] }) {
  const rename: Verb<typeof accountInputSchema, Tx, { name: string }> = {
    ...OWN,
    name: 'account.rename',
    input: accountInputSchema,
    async run(tx, { name }, { actor, now }) {
      const { id } = ownSession(actor);
      await tx
        .updateTable('user')
        .set({ name, updatedAt: toInstant(now) })
        .where('id', '=', id)
        .execute();
      return { result: { name }, object: `user:${id}`, before: { name: actor.name }, after: { name } };
    },
  };

  const changePassword: Verb<typeof passwordHashSchema, Tx, { otherSessionsEnded: number }> = {
    ...OWN,
    name: 'account.password',
    fresh: true,
    input: passwordHashSchema,
    async run(tx, { hash }, { actor, now }) {
      const { id } = ownSession(actor);
      await setPassword(tx, id, hash, now);
      const ended = await endOthers(tx, actor);
      return { result: { otherSessionsEnded: ended }, object: `user:${id}`, after: { otherSessionsEnded: ended } };
    },
  };

  /** The new secret counts once a code of it was shown. */
  const beginTotp: Verb<typeof nothing, Tx, { secret: string; uri: string }> = {
    ...OWN,
    name: 'account.totp-begin',
    fresh: true,
    input: nothing,
    async run(tx, _input, { actor, now }) {
      const { id } = ownSession(actor);
      assertRecentSignIn(actor, now);
      const { email } = await tx.selectFrom('user').select('email').where('id', '=', id).executeTakeFirstOrThrow();
      const secret = newTotpSecret();
      await sealed.set(totpKey(id, 'new'), secret, tx);
      return { result: { secret, uri: totpUri(secret, email, 'Headroom') }, secret: true, object: `user:${id}` };
    },
  };

  const confirmTotp: Verb<typeof codeInputSchema, Tx, { recoveryCodes: string[] }> = {
    ...OWN,
    name: 'account.totp-add',
    fresh: true,
    input: codeInputSchema,
    async run(tx, { code }, { actor, now }) {
      const { id, session } = ownSession(actor);
      const secret = await sealed.get(totpKey(id, 'new'), tx);
      if (secret === null) throw new HeadroomError('account.wrong-state', 'no authenticator app is being set up: begin again');
      const step = matchTotp(secret, code.replaceAll(' ', ''), now, 0);
      if (step === null)
        throw new HeadroomError(
          'auth.wrong-code',
          'the code is not the app’s of now: wait for the next one, and look at the clock of the phone',
        );
      await sealed.set(totpKey(id, 'own'), secret, tx);
      await sealed.remove(totpKey(id, 'new'), tx);
      const row = { confirmedAt: now, lastStep: step };
      await tx
        .insertInto('totp')
        .values({ userId: id, ...row })
        .onConflict((conflict) => conflict.column('userId').doUpdateSet(row))
        .execute();
      await tx.updateTable('session').set({ factorAt: now }).where('id', '=', session).execute();
      return { result: { recoveryCodes: await newRecoveryCodes(tx, id) }, secret: true, object: `user:${id}` };
    },
  };

  const removeTotp: Verb<typeof nothing, Tx, { removed: true }> = {
    ...OWN,
    name: 'account.totp-remove',
    fresh: true,
    input: nothing,
    async run(tx, _input, { actor }) {
      const { id } = ownSession(actor);
      if (!(await hasTotp(tx, id))) throw new HeadroomError('account.wrong-state', 'there is no authenticator app to remove');
      await tx.deleteFrom('totp').where('userId', '=', id).execute();
      await sealed.remove(totpKey(id, 'own'), tx);
      await dropCodesWithoutFactor(tx, id);
      return { result: { removed: true }, object: `user:${id}` };
    },
  };

  const recoveryCodes: Verb<typeof nothing, Tx, { recoveryCodes: string[] }> = {
    ...OWN,
    name: 'account.recovery-codes',
    fresh: true,
    input: nothing,
    async run(tx, _input, { actor }) {
      const { id } = ownSession(actor);
      const { totp, passkey } = await factorsOf(tx, id);
      if (!totp && !passkey) throw new HeadroomError('account.wrong-state', 'recovery codes stand for a second factor: set one up first');
      return { result: { recoveryCodes: await newRecoveryCodes(tx, id) }, secret: true, object: `user:${id}` };
    },
  };
  return { rename, changePassword, beginTotp, confirmTotp, removeTotp, recoveryCodes, ...passkeyVerbs, ...sessionVerbs };
}

const addPasskey: Verb<typeof addPasskeySchema, Tx, { id: string; recoveryCodes: string[] | null }> = {
  ...OWN,
  name: 'account.passkey-add',
  fresh: true,
  input: addPasskeySchema,
  async run(tx, { name, passkey }, { actor, now }) {
    const { id, session } = ownSession(actor);
    assertRecentSignIn(actor, now);
    const known = await tx.selectFrom('passkeys').select('id').where('id', '=', passkey.id).executeTakeFirst();
    if (known) throw new HeadroomError('account.wrong-state', 'this passkey is enrolled already');
    const first = await tx.selectFrom('recoveryCodes').select('sha256').where('userId', '=', id).limit(1).executeTakeFirst();
    await tx
      .insertInto('passkeys')
      .values({ ...passkey, transports: JSON.stringify(passkey.transports), userId: id, name, createdAt: now, lastUsedAt: null })
      .execute();
    await tx.updateTable('session').set({ factorAt: now }).where('id', '=', session).execute();
    const recoveryCodes = first ? null : await newRecoveryCodes(tx, id);
    return { result: { id: passkey.id, recoveryCodes }, secret: true, object: `user:${id}`, after: { passkey: name } };
  },
};

const removePasskey: Verb<typeof idSchema, Tx, { removed: string }> = {
  ...OWN,
  name: 'account.passkey-remove',
  fresh: true,
  input: idSchema,
  async run(tx, input, { actor }) {
    const { id } = ownSession(actor);
    const row = await tx.selectFrom('passkeys').select('name').where('id', '=', input.id).where('userId', '=', id).executeTakeFirst();
    if (!row) throw new HeadroomError('account.wrong-state', 'there is no such passkey: it was removed already');
    await tx.deleteFrom('passkeys').where('id', '=', input.id).execute();
    await dropCodesWithoutFactor(tx, id);
    return { result: { removed: input.id }, object: `user:${id}`, before: { passkey: row.name } };
  },
};

const endSession: Verb<typeof idSchema, Tx, { ended: string }> = {
  ...OWN,
  name: 'session.end',
  input: idSchema,
  async run(tx, input, { actor }) {
    const { id } = ownSession(actor);
    const row = await tx
      .selectFrom('session')
      .select(['ipAddress', 'way'])
      .where('id', '=', input.id)
      .where('userId', '=', id)
      .executeTakeFirst();
    if (!row)
      throw new HeadroomError('session.not-found', `there is no session ${JSON.stringify(input.id)} of yours: it has ended already`);
    await tx.deleteFrom('session').where('id', '=', input.id).execute();
    return { result: { ended: input.id }, object: `user:${id}`, before: { session: input.id, from: row.ipAddress, way: row.way } };
  },
};

const endOtherSessions: Verb<typeof nothing, Tx, { ended: number }> = {
  ...OWN,
  name: 'session.end-others',
  input: nothing,
  async run(tx, _input, { actor }: VerbContext) {
    const ended = await endOthers(tx, actor);
    return { result: { ended }, object: `user:${actor.id}`, after: { ended } };
  },
};

async function endOthers(tx: Tx, actor: Actor): Promise<number> {
  const { id, session } = ownSession(actor);
  const { numDeletedRows } = await tx.deleteFrom('session').where('userId', '=', id).where('id', '!=', session).executeTakeFirst();
  return Number(numDeletedRows);
}

const passkeyVerbs = { addPasskey, removePasskey };
const sessionVerbs = { endSession, endOtherSessions };
