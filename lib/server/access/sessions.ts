import { createHmac } from 'node:crypto';
import { betterAuth } from 'better-auth';
import { isAPIError } from 'better-auth/api';
import { z } from 'zod';
import type { Db } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import { type Actor, ROLES, type Role } from '#shared/access.ts';

const SESSION_SECONDS = 7 * 24 * 3600;
const roleSchema = z.enum(ROLES);

export type Sessions = ReturnType<typeof createSessions>;
export type NewUser = { email: string; name: string; role: Role; password?: string };

/**
 * People and their sessions, on better-auth as a library: none of its own routes is mounted, there is no sign-up. A session lives in the
 * database alone (no cookie cache), so that a revoked one is gone at once; the cookie is its token, signed.
 */
export function createSessions(options: { db: Db; url: string; secret: string; cookiePrefix: string }) {
  const { db, url, secret } = options;
  const auth = betterAuth({
    database: { db, type: 'sqlite' },
    secret,
    baseURL: url,
    logger: { disabled: true },
    telemetry: { enabled: false },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 12, maxPasswordLength: 200 },
    session: { expiresIn: SESSION_SECONDS, disableSessionRefresh: true, cookieCache: { enabled: false } },
    user: { additionalFields: { role: { type: 'string', required: true, defaultValue: 'viewer', input: false } } },
    advanced: { cookiePrefix: options.cookiePrefix, useSecureCookies: url.startsWith('https:') },
  });

  return {
    async actor(headers: Headers): Promise<Actor | null> {
      if (!headers.has('cookie')) return null;
      const found = await auth.api.getSession({ headers });
      if (!found) return null;
      const { id, name, role } = found.user;
      return { kind: 'user', id, name, role: roleSchema.parse(role) };
    },

    /** Throws auth.invalid-credentials, which does not tell whether the e-mail or the password was wrong. */
    async signIn(credentials: { email: string; password: string }, headers: Headers): Promise<{ actor: Actor; cookies: string[] }> {
      try {
        const done = await auth.api.signInEmail({ body: credentials, headers, returnHeaders: true });
        const user = await userById(done.response.user.id);
        return { actor: user, cookies: done.headers.getSetCookie() };
      } catch (error) {
        if (!isAPIError(error) || error.statusCode >= 500) throw error;
        throw new HeadroomError('auth.invalid-credentials', 'the e-mail or the password is wrong', { cause: error });
      }
    },

    async signOut(headers: Headers): Promise<string[]> {
      const done = await auth.api.signOut({ headers, returnHeaders: true });
      return done.headers.getSetCookie();
    },

    /** A session that the console itself opens: after the setup link, or for the demo's sign-in link. */
    async open(userId: string): Promise<{ actor: Actor; cookies: string[] }> {
      const context = await auth.$context;
      const session = await context.internalAdapter.createSession(userId);
      const { name, attributes } = context.authCookies.sessionToken;
      const signature = createHmac('sha256', context.secret).update(session.token).digest('base64');
      const parts = [
        `${name}=${encodeURIComponent(`${session.token}.${signature}`)}`,
        `Max-Age=${SESSION_SECONDS}`,
        `Path=${attributes.path}`,
        'HttpOnly',
        'SameSite=Lax',
        ...(attributes.secure ? ['Secure'] : []),
      ];
      return { actor: await userById(userId), cookies: [parts.join('; ')] };
    },

    async createUser(user: NewUser): Promise<string> {
      const password = user.password === undefined ? null : await (await auth.$context).password.hash(user.password);
      const id = newId('u');
      const now = new Date().toISOString();
      const times = { createdAt: now, updatedAt: now };
      const row = { id, name: user.name, email: user.email.toLowerCase(), emailVerified: 1, image: null, role: user.role, ...times };
      await db.transaction().execute(async (tx) => {
        await tx.insertInto('user').values(row).execute();
        if (password === null) return;
        await tx
          .insertInto('account')
          .values({ id: newId('a'), accountId: id, providerId: 'credential', userId: id, password, ...times })
          .execute();
      });
      return id;
    },

    async userIdByEmail(email: string): Promise<string | null> {
      const row = await db.selectFrom('user').select('id').where('email', '=', email.toLowerCase()).executeTakeFirst();
      return row?.id ?? null;
    },

    async hasAdmin(): Promise<boolean> {
      return (await db.selectFrom('user').select('id').where('role', '=', 'admin').limit(1).executeTakeFirst()) !== undefined;
    },
  };

  async function userById(id: string): Promise<Actor> {
    const row = await db.selectFrom('user').select(['id', 'name', 'role']).where('id', '=', id).executeTakeFirstOrThrow();
    return { kind: 'user', id: row.id, name: row.name, role: roleSchema.parse(row.role) };
  }
}
