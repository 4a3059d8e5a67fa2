import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Settings } from '#server/settings/index.ts';
import { type Actor, oneLine } from '#shared/access.ts';
import type { PasskeyProof } from '#shared/account.ts';
import { toInstant } from '#shared/time.ts';
import { ownSession } from './account.ts';
import type { Challenges } from './challenges.ts';
import { factorsOf, takeCode } from './factors.ts';
import type { LockOut } from './lock-out.ts';
import type { Oidc, OidcPerson } from './oidc.ts';
import type { Passkeys } from './passkeys.ts';
import type { Passwords } from './passwords.ts';
import type { createRateLimit } from './rate-limit.ts';
import { insertAccount, insertUser, type Sessions, type Way } from './sessions.ts';

/** What a sign-in leaves behind: who it is, and the Set-Cookie headers. */
export type SignedIn = { actor: Actor; cookies: string[] };
/** The password was right; the cookie lets this browser go on with one of the second factors. */
export type FactorNeeded = { actor: null; secondFactor: { totp: boolean; passkey: boolean }; cookies: string[] };

export type Happened = {
  actor: Actor;
  action: string;
  object: string;
  result: 'ok' | 'failed';
  before?: unknown;
  after?: unknown;
  at: number;
};
export type SignInDeps = {
  db: Db;
  clock: Clock;
  sessions: Sessions;
  passwords: Passwords;
  passkeys: Passkeys;
  challenges: Challenges;
  oidc: Oidc | null;
  lockOut: LockOut;
  rateLimit: ReturnType<typeof createRateLimit>;
  sealed: Settings['sealed'];
  /** appends to the audit */
  record: (entry: Happened) => Promise<unknown>;
  withGrants: (actor: Actor) => Promise<Actor | null>;
};

export const NOBODY: Actor = { kind: 'system', id: 'system', name: 'nobody signed in', role: 'admin' };

/** How people come in, and how they show their second factor again. Every way has the same limits, and all of it is in the audit. */
export function createSignIn(deps: SignInDeps) {
  const { db, clock, sessions, passwords, passkeys, challenges, oidc, lockOut, rateLimit, record } = deps;

  async function open(
    userId: string,
    how: { way: Way; factor: boolean; action: string },
    headers: Headers,
    remote: string,
  ): Promise<SignedIn> {
    const from = { remote, userAgent: headers.get('user-agent') };
    const { actor: person, cookies } = await sessions.open(userId, { way: how.way, factor: how.factor, from, before: headers });
    const actor = (await deps.withGrants(person)) ?? person;
    const after = { remote, way: how.way, secondFactor: how.factor };
    await record({ actor, action: how.action, object: `user:${userId}`, result: 'ok', after, at: clock.now() });
    return { actor, cookies };
  }

  const failed = (action: string, object: string, after: unknown) => () =>
    record({ actor: NOBODY, action, object, result: 'failed', after, at: clock.now() }).then(() => undefined);

  async function showed(actor: Actor, session: string, way: 'code' | 'passkey', remote: string): Promise<void> {
    await sessions.showedFactor(session);
    const after = { remote, way };
    await record({ actor, action: 'session.second-factor', object: `user:${actor.id}`, result: 'ok', after, at: clock.now() });
  }

  async function assertEnabled(userId: string): Promise<void> {
    const row = await db.selectFrom('user').select(['name', 'disabledAt']).where('id', '=', userId).executeTakeFirst();
    if (row && row.disabledAt === null) return;
    throw new HeadroomError('auth.disabled', `the account of ${row?.name ?? 'this person'} is disabled: ask an admin to enable it`);
  }

  /** After the password, or a link: at once, or by the second factor that the person has. */
  async function goOn(userId: string, way: Way, headers: Headers, remote: string): Promise<SignedIn | FactorNeeded> {
    await assertEnabled(userId);
    const secondFactor = await factorsOf(db, userId);
    if (!secondFactor.totp && !secondFactor.passkey)
      return open(userId, { way, factor: false, action: 'session.sign-in' }, headers, remote);
    return { actor: null, secondFactor, cookies: [await challenges.open('factor', { userId, value: way })] };
  }

  async function takeCodeOrThrow(userId: string, code: string): Promise<'totp' | 'recovery'> {
    const taken = await db.transaction().execute((tx) => takeCode(tx, deps.sealed, userId, code, clock.now()));
    if (taken) return taken;
    throw new HeadroomError('auth.wrong-code', 'the code is wrong, or was used already: wait for the next one, or use a recovery code');
  }

  return {
    goOn,
    async password(input: { email: string; password: string }, headers: Headers, remote: string): Promise<SignedIn | FactorNeeded> {
      rateLimit.take(remote);
      const noteFailure = failed('session.sign-in', '-', { email: input.email, remote });
      const guess = async (): Promise<string> => {
        const userId = await sessions.userIdByEmail(input.email);
        const right = await passwords.check(userId, input.password);
        if (right && userId !== null) return userId;
        throw new HeadroomError('auth.invalid-credentials', 'the e-mail or the password is wrong');
      };
      return goOn(await lockOut.attempt(input.email, remote, guess, noteFailure), 'password', headers, remote);
    },

    /** With the cookie that the password left. The wrong code leaves it as it was. */
    async secondFactor(code: string, headers: Headers, remote: string): Promise<SignedIn> {
      rateLimit.take(remote);
      const challenge = await challenges.look(headers, 'factor');
      if (!challenge?.userId) throw new HeadroomError('auth.sign-in-expired', 'the password was given more than 10 min ago: sign in again');
      const { userId } = challenge;
      const noteFailure = failed('session.second-factor', `user:${userId}`, { remote });
      await lockOut.attempt(`factor ${userId}`, remote, () => takeCodeOrThrow(userId, code), noteFailure);
      await assertEnabled(userId);
      await challenges.take(headers, 'factor');
      const way = challenge.value === 'link' ? 'link' : 'password';
      const done = await open(userId, { way, factor: true, action: 'session.sign-in' }, headers, remote);
      return { ...done, cookies: [...done.cookies, challenges.forget('factor')] };
    },

    /** Of the person whose password was right, or of whoever the device knows. */
    async askPasskey(headers: Headers, remote: string): Promise<{ options: unknown; cookie: string }> {
      rateLimit.take(remote);
      const challenge = await challenges.look(headers, 'factor');
      return passkeys.ask('passkey', challenge?.userId ?? null, headers);
    },
    async passkey(proof: PasskeyProof, headers: Headers, remote: string): Promise<SignedIn> {
      rateLimit.take(remote);
      const { userId } = await passkeys.prove('passkey', proof, headers).catch(async (error) => {
        await failed('session.sign-in', '-', { remote, way: 'passkey' })();
        throw error;
      });
      await assertEnabled(userId);
      await challenges.take(headers, 'factor');
      const done = await open(userId, { way: 'passkey', factor: true, action: 'session.sign-in' }, headers, remote);
      return { ...done, cookies: [...done.cookies, challenges.forget('factor'), challenges.forget('passkey')] };
    },

    async startOidc(next: string, remote: string): Promise<{ location: string; cookie: string }> {
      rateLimit.take(remote);
      return need(oidc).start(next);
    },
    async finishOidc(query: string, headers: Headers, remote: string): Promise<SignedIn & { next: string }> {
      rateLimit.take(remote);
      const provider = need(oidc);
      try {
        const { person, next } = await provider.finish(query, headers);
        const userId = await db.transaction().execute((tx) => admitPerson(tx, person, provider.name, clock.now()));
        await assertEnabled(userId);
        const done = await open(userId, { way: 'oidc', factor: false, action: 'session.sign-in' }, headers, remote);
        return { ...done, next, cookies: [...done.cookies, challenges.forget('oidc')] };
      } catch (error) {
        await failed('session.sign-in', '-', { remote, way: 'oidc', why: error instanceof Error ? error.message : String(error) })();
        throw error;
      }
    },

    /** The second factor again, for what needs it fresh. */
    async stepUp(actor: Actor, code: string, remote: string): Promise<void> {
      const { id, session } = ownSession(actor);
      rateLimit.take(remote);
      const noteFailure = failed('session.second-factor', `user:${id}`, { remote });
      await lockOut.attempt(`factor ${id}`, remote, () => takeCodeOrThrow(id, code), noteFailure);
      await showed(actor, session, 'code', remote);
    },
    async askStepUp(actor: Actor, headers: Headers): Promise<{ options: unknown; cookie: string }> {
      return passkeys.ask('step-up', ownSession(actor).id, headers);
    },
    async stepUpByPasskey(actor: Actor, proof: PasskeyProof, headers: Headers, remote: string): Promise<void> {
      const { id, session } = ownSession(actor);
      rateLimit.take(remote);
      const { userId } = await passkeys.prove('step-up', proof, headers);
      // the cookie of the question may be another person's, who asked for it with an account of their own
      if (userId !== id)
        throw new HeadroomError('auth.passkey-refused', `the passkey is another person’s, and ${actor.name} is signed in here`);
      await showed(actor, session, 'passkey', remote);
    },

    /** The present password of somebody who is signed in already. */
    async assertPassword(actor: Actor, password: string, remote: string): Promise<void> {
      const { id } = ownSession(actor);
      rateLimit.take(remote);
      await lockOut.attempt(`password ${id}`, remote, async () => {
        if (!(await passwords.check(id, password)))
          throw new HeadroomError('auth.wrong-password', 'the present password is another one', {
            fields: [{ path: 'current', message: 'is another one' }],
          });
      });
    },
  };
}

function need(oidc: Oidc | null): Oidc {
  if (oidc) return oidc;
  throw new HeadroomError('request.not-found', 'no sign-in provider is configured: HEADROOM_OIDC_ISSUER says which');
}

/**
 * Whose account it is: the one that this identity came in by before, the one with its verified e-mail, or a new one where a group of the person gives a
 * role. Never anybody else.
 */
async function admitPerson(tx: Tx, person: OidcPerson, provider: string, now: number): Promise<string> {
  const providerId = `oidc:${person.issuer}`;
  const linked = await tx
    .selectFrom('account')
    .select('userId')
    .where('providerId', '=', providerId)
    .where('accountId', '=', person.subject)
    .executeTakeFirst();
  const user = await tx
    .selectFrom('user')
    .select(['id', 'role', 'managedBy'])
    .where(linked ? 'id' : 'email', '=', linked ? linked.userId : person.email)
    .executeTakeFirst();
  const stranger = () =>
    new HeadroomError(
      'auth.provider-refused',
      `${person.email} is known at ${provider} and not here, and none of its groups gives a role: ask an admin for an invitation`,
    );
  if (user?.managedBy && person.role === null) throw stranger();
  if (user) {
    if (!linked) {
      await insertAccount(tx, { userId: user.id, providerId, accountId: person.subject, password: null }, now);
      await tx.deleteFrom('accountLinks').where('userId', '=', user.id).where('kind', '=', 'invite').execute();
    }
    if (user.managedBy && person.role !== null && person.role !== user.role)
      await tx
        .updateTable('user')
        .set({ role: person.role, updatedAt: toInstant(now) })
        .where('id', '=', user.id)
        .execute();
    return user.id;
  }
  if (person.role === null) throw stranger();
  const id = await insertUser(
    tx,
    { email: person.email, name: oneLine(person.name).slice(0, 80), role: person.role, managedBy: 'oidc' },
    now,
  );
  await insertAccount(tx, { userId: id, providerId, accountId: person.subject, password: null }, now);
  return id;
}
