import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { newId } from '#server/kernel/ids.ts';
import { type Actor, type OwnSession, ROLES, type Role } from '#shared/access.ts';
import type { SIGN_IN_WAYS, SignedInSession } from '#shared/account.ts';
import { toInstant } from '#shared/time.ts';
import { readCookie, setCookie } from './cookie.ts';
import { createSeenNotes } from './seen-notes.ts';

/** From sign-in to the end, whatever is done. */
const LIFE_MS = 7 * 24 * 3600_000;
/** Without a request; an open page asks by itself. */
const IDLE_MS = 24 * 3600_000;
/** `seenAt` is for people; more often would be a write per request. */
const SEEN_STEP_MS = 60_000;
const MOST_AGENT = 300;
const roleSchema = z.enum(ROLES);

export type Sessions = ReturnType<typeof createSessions>;
export type Person = Extract<Actor, { kind: 'user' }>;
export type NewUser = { email: string; name: string; role: Role; password?: string };
export type Way = (typeof SIGN_IN_WAYS)[number];
/** Where somebody comes from, for the list of sessions. */
export type From = { remote: string; userAgent: string | null };

/**
 * People and their sessions, on better-auth as a library: none of its own routes is mounted, there is no sign-up. A session lives in the
 * database alone (no cookie cache), so that a revoked one is gone at once; the cookie is its token, signed.
 */
export function createSessions(options: {
  db: Db;
  clock: Clock;
  url: string;
  secret: string;
  cookiePrefix: string;
  hash: (password: string) => Promise<string>;
}) {
  const { db, clock, url, secret } = options;
  const note = createSeenNotes(SEEN_STEP_MS);
  const auth = betterAuth({
    // How values are kept: dates as ISO text and flags as 0 and 1. Our tables have them so on PostgreSQL, too.
    database: { db, type: 'sqlite' },
    secret,
    baseURL: url,
    logger: { disabled: true },
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true, disableSignUp: true },
    session: { expiresIn: LIFE_MS / 1000, disableSessionRefresh: true, cookieCache: { enabled: false } },
    user: { additionalFields: { role: { type: 'string', required: true, defaultValue: 'viewer', input: false } } },
    advanced: { cookiePrefix: options.cookiePrefix, useSecureCookies: url.startsWith('https:') },
  });

  return {
    async actor(headers: Headers): Promise<Person | null> {
      const token = await tokenOf(headers);
      if (token === null) return null;
      const row = await db
        .selectFrom('session')
        .innerJoin('user', 'user.id', 'session.userId')
        .select([
          'session.id as sessionId',
          'session.seenAt',
          'session.factorAt',
          'session.expiresAt',
          'session.createdAt',
          'user.id',
          'user.name',
          'user.role',
        ])
        .select((eb) => {
          const totp = eb.selectFrom('totp').select('userId').whereRef('userId', '=', 'user.id').where('confirmedAt', 'is not', null);
          const passkey = eb.selectFrom('passkeys').select('userId').whereRef('userId', '=', 'user.id');
          // as a number: databases do not agree on what a truth is
          const enrolled = eb.or([eb.exists(totp), eb.exists(passkey)]);
          return eb.case().when(enrolled).then(1).else(0).end().as('enrolled');
        })
        .where('session.token', '=', token)
        .where('user.disabledAt', 'is', null)
        .executeTakeFirst();
      const now = clock.now();
      if (!row || Date.parse(row.expiresAt) <= now) return null;
      const id = row.sessionId;
      if (row.seenAt < now - IDLE_MS) {
        await db.deleteFrom('session').where('id', '=', id).execute();
        return null;
      }
      if (row.seenAt < now - SEEN_STEP_MS)
        await note(id, now, () => db.updateTable('session').set({ seenAt: now }).where('id', '=', id).execute());
      const session: OwnSession = { id, since: Date.parse(row.createdAt), enrolled: Number(row.enrolled) === 1, factorAt: row.factorAt };
      return { kind: 'user', id: row.id, name: row.name, role: roleSchema.parse(row.role), session };
    },

    /** The Set-Cookie headers that take the cookie away; the session itself is gone then. */
    async signOut(headers: Headers): Promise<string[]> {
      const done = await auth.api.signOut({ headers, returnHeaders: true });
      return done.headers.getSetCookie();
    },

    /**
     * A session with a token of its own; what the browser had before ends, so that nobody can have planted it. `factor`: a second factor was shown.
     */
    async open(
      userId: string,
      how: { way: Way; factor: boolean; from: From; before?: Headers },
    ): Promise<{ actor: Person; cookies: string[] }> {
      const context = await auth.$context;
      const now = clock.now();
      const token = randomBytes(32).toString('base64url');
      const times = { createdAt: toInstant(now), updatedAt: toInstant(now), expiresAt: toInstant(now + LIFE_MS) };
      const id = newId('s', now);
      const factorAt = how.factor ? now : null;
      const { remote, userAgent } = how.from;
      const earlier = how.before ? await tokenOf(how.before) : null;
      const person = await db.transaction().execute(async (tx) => {
        if (earlier !== null) await tx.deleteFrom('session').where('token', '=', earlier).execute();
        await tx.deleteFrom('session').where('userId', '=', userId).where('expiresAt', '<', toInstant(now)).execute();
        await tx
          .insertInto('session')
          .values({
            id,
            token,
            userId,
            ...times,
            ipAddress: remote,
            userAgent: userAgent?.slice(0, MOST_AGENT) ?? null,
            way: how.way,
            seenAt: now,
            factorAt,
          })
          .execute();
        return tx.selectFrom('user').select(['id', 'name', 'role']).where('id', '=', userId).executeTakeFirstOrThrow();
      });
      const { name, attributes } = context.authCookies.sessionToken;
      const signature = signatureOf(context.secret, token);
      const cookie = setCookie(name, `${token}.${signature}`, { maxAgeSeconds: LIFE_MS / 1000, secure: attributes.secure ?? false });
      return { actor: { kind: 'user', ...person, role: roleSchema.parse(person.role) }, cookies: [cookie] };
    },

    async showedFactor(sessionId: string): Promise<void> {
      await db.updateTable('session').set({ factorAt: clock.now() }).where('id', '=', sessionId).execute();
    },

    async list(userId: string, current: string | null): Promise<SignedInSession[]> {
      const rows = await db.selectFrom('session').selectAll().where('userId', '=', userId).orderBy('seenAt', 'desc').execute();
      const now = clock.now();
      return rows
        .filter((row) => Date.parse(row.expiresAt) > now && row.seenAt >= now - IDLE_MS)
        .map((row) => ({
          id: row.id,
          current: row.id === current,
          way: wayOf(row.way),
          address: row.ipAddress,
          userAgent: row.userAgent,
          createdAt: row.createdAt,
          seenAt: toInstant(row.seenAt),
          expiresAt: row.expiresAt,
        }));
    },

    async createUser(user: NewUser): Promise<string> {
      const password = user.password === undefined ? null : await options.hash(user.password);
      return db.transaction().execute(async (tx) => {
        const id = await insertUser(tx, user, clock.now());
        if (password !== null) await setPassword(tx, id, password, clock.now());
        return id;
      });
    },

    async userIdByEmail(email: string): Promise<string | null> {
      const row = await db.selectFrom('user').select('id').where('email', '=', email.toLowerCase()).executeTakeFirst();
      return row?.id ?? null;
    },

    async hasAdmin(): Promise<boolean> {
      return (await db.selectFrom('user').select('id').where('role', '=', 'admin').limit(1).executeTakeFirst()) !== undefined;
    },
  };

  /**
   * The token in the session's cookie, where its signature is ours. Checked here and not by the library: that hands every request's to a thread of its own,
   * and reads the session and its person once more than we do.
   */
  async function tokenOf(headers: Headers): Promise<string | null> {
    const { secret: key, authCookies } = await auth.$context;
    const value = readCookie(headers, authCookies.sessionToken.name);
    const at = value?.lastIndexOf('.') ?? -1;
    if (value === null || at < 1) return null;
    const token = value.slice(0, at);
    const [given, own] = [Buffer.from(value.slice(at + 1)), Buffer.from(signatureOf(key, token))];
    return given.length === own.length && timingSafeEqual(given, own) ? token : null;
  }
}

/** As better-auth signs its cookies. */
const signatureOf = (secret: string, token: string): string => createHmac('sha256', secret).update(token).digest('base64');

const wayOf = (way: string): Way => (['passkey', 'oidc', 'link', 'setup', 'demo'] as const).find((known) => known === way) ?? 'password';

export async function insertUser(tx: Tx, user: Omit<NewUser, 'password'> & { managedBy?: string }, now: number): Promise<string> {
  const id = newId('u', now);
  const times = { createdAt: toInstant(now), updatedAt: toInstant(now) };
  await tx
    .insertInto('user')
    .values({
      id,
      name: user.name,
      email: user.email.toLowerCase(),
      emailVerified: 1,
      image: null,
      role: user.role,
      managedBy: user.managedBy ?? null,
      ...times,
    })
    .execute();
  return id;
}

/** `hash`: what better-auth keeps of a password. */
export async function setPassword(tx: Tx, userId: string, hash: string, now: number): Promise<void> {
  const done = await tx
    .updateTable('account')
    .set({ password: hash, updatedAt: toInstant(now) })
    .where('userId', '=', userId)
    .where('providerId', '=', 'credential')
    .executeTakeFirst();
  if (done.numUpdatedRows > 0n) return;
  await insertAccount(tx, { userId, providerId: 'credential', accountId: userId, password: hash }, now);
}

/** A way for a person to come in, in better-auth's words: a password, or an account elsewhere. */
export async function insertAccount(
  tx: Tx,
  account: { userId: string; providerId: string; accountId: string; password: string | null },
  now: number,
): Promise<void> {
  const nothing = {
    accessToken: null,
    refreshToken: null,
    idToken: null,
    accessTokenExpiresAt: null,
    refreshTokenExpiresAt: null,
    scope: null,
  };
  await tx
    .insertInto('account')
    .values({ id: newId('a', now), ...account, ...nothing, createdAt: toInstant(now), updatedAt: toInstant(now) })
    .execute();
}
