import path from 'node:path';
import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Config } from '#server/kernel/config.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { Settings } from '#server/settings/index.ts';
import type { Actor } from '#shared/access.ts';
import { provisionDemo } from './demo.ts';
import { listGrants, withGrants } from './grants.ts';
import { createLockOut } from './lock-out.ts';
import { createSessions } from './sessions.ts';
import { createSetup } from './setup.ts';
import { createTokens } from './tokens.ts';

export { type EventFilter, eventFilter } from './event-scope.ts';
export { addGrant, assertAdminLeft, changeGrant, removeGrant } from './grants.ts';
export { createScopes, forbidden, type Scope } from './scope.ts';
export { createToken, revokeToken } from './tokens.ts';

export type Access = ReturnType<typeof createAccess>;

/** What a sign-in leaves behind: who it is, and the Set-Cookie headers. */
export type SignedIn = { actor: Actor; cookies: string[] };

type Happened = { actor: Actor; action: string; object: string; result: 'ok' | 'failed'; after?: unknown; at: number };
type Deps = {
  db: Db;
  clock: Clock;
  settings: Settings;
  config: Config /** appends to the audit */;
  record: (entry: Happened) => Promise<unknown>;
};

const CONSOLE: Actor = { kind: 'system', id: 'system', name: 'the console', role: 'admin' };
const NOBODY: Actor = { kind: 'system', id: 'system', name: 'nobody signed in', role: 'admin' };

/** Who is asking, by API token or session cookie, and how people come in: password, the first admin's setup link, the demo's link. */
export function createAccess({ db, clock, settings, config, record }: Deps) {
  const tokens = createTokens({ db, clock });
  const lockOut = createLockOut({ db, clock });
  const sessions = createSessions({
    db,
    url: config.url,
    secret: settings.derivedKey('sessions').toString('base64'),
    // Browsers do not keep the ports of one host apart: two consoles on a laptop would sign each other's people out.
    cookiePrefix: `headroom-${config.port}`,
  });
  const setup = createSetup({ sessions });
  let demo: Awaited<ReturnType<typeof provisionDemo>> | null = null;

  const signedIn = async (done: SignedIn, action: string, remote: string): Promise<SignedIn> => {
    const actor = (await withGrants(db, done.actor)) ?? done.actor;
    await record({ actor, action, object: `user:${done.actor.id}`, result: 'ok', after: { remote }, at: clock.now() });
    return { ...done, actor };
  };

  async function identify(headers: Headers): Promise<Actor | null> {
    const authorization = headers.get('authorization');
    if (authorization === null) return sessions.actor(headers);
    // Debian's Prometheus 2.42 leaves "Bearer" out when it asks for targets
    const token = /^(?:Bearer\s+)?(hr_[A-Za-z0-9_-]{1,200})$/i.exec(authorization)?.[1];
    return token === undefined ? null : tokens.authenticate(token);
  }

  return {
    tokens,
    /** With what they hold at this moment. A bearer token counts alone: a wrong one is not made good by a cookie. */
    async authenticate(headers: Headers): Promise<Actor | null> {
      const actor = await identify(headers);
      return actor && withGrants(db, actor);
    },
    grants: () => listGrants(db),

    async signIn(input: { email: string; password: string }, headers: Headers, remote: string): Promise<SignedIn> {
      await lockOut.assertOpen(input.email, remote);
      try {
        const done = await sessions.signIn(input, headers);
        await lockOut.succeeded(input.email, remote);
        return await signedIn(done, 'session.sign-in', remote);
      } catch (error) {
        if (isHeadroomError(error) && error.code === 'auth.invalid-credentials') {
          await lockOut.failed(input.email, remote);
          const after = { email: input.email, remote };
          await record({ actor: NOBODY, action: 'session.sign-in', object: '-', result: 'failed', after, at: clock.now() });
        }
        throw error;
      }
    },

    /** The Set-Cookie headers that take the session away. */
    async signOut(actor: Actor, headers: Headers): Promise<string[]> {
      const cookies = await sessions.signOut(headers);
      await record({ actor, action: 'session.sign-out', object: `user:${actor.id}`, result: 'ok', at: clock.now() });
      return cookies;
    },

    setupIsOpen: setup.isOpen,
    async completeSetup(input: { token: string; email: string; password: string; name: string }, remote: string): Promise<SignedIn> {
      return signedIn(await sessions.open(await setup.complete(input)), 'user.first-admin', remote);
    },

    /** Only in the demo: every time its link is opened. */
    async signInToDemo(key: string, remote: string): Promise<SignedIn> {
      if (!demo) throw new HeadroomError('request.not-found', 'there is no sign-in link here: this console is not a demo');
      if (!demo.accepts(key))
        throw new HeadroomError('auth.required', 'the key in the link is not the one of this demo: use the link that the demo printed');
      return signedIn(await sessions.open(demo.userId), 'session.demo-link', remote);
    },

    /** The admins that the environment asks for, the demo's, or else a setup link for the terminal; null when nobody needs one. */
    async prepare(): Promise<{ setupLink: string | null }> {
      const { admin } = config;
      if (admin && (await sessions.userIdByEmail(admin.email)) === null) {
        const id = await sessions.createUser({ email: admin.email, name: admin.email, password: admin.password, role: 'admin' });
        const after = { from: 'HEADROOM_ADMIN_EMAIL' };
        await record({ actor: CONSOLE, action: 'user.first-admin', object: `user:${id}`, result: 'ok', after, at: clock.now() });
      }
      if (config.demo) demo = await provisionDemo({ db, clock, sessions, file: path.join(config.dataDir, 'provision.json') });
      const token = await setup.open();
      return { setupLink: token === null ? null : `${config.url}/setup?token=${token}` };
    },
  };
}
