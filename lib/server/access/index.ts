import path from 'node:path';
import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Config } from '#server/kernel/config.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { assertRecentSignIn } from '#server/kernel/fresh-factor.ts';
import type { Settings } from '#server/settings/index.ts';
import type { Actor } from '#shared/access.ts';
import type { NewPasskey } from '#shared/account.ts';
import { createAccountVerbs, ownAccount, ownSession } from './account.ts';
import { createChallenges } from './challenges.ts';
import { provisionDemo } from './demo.ts';
import { listGrants, withGrants } from './grants.ts';
import { createLockOut } from './lock-out.ts';
import { createOidc } from './oidc.ts';
import { createPasskeys } from './passkeys.ts';
import { createPasswords } from './passwords.ts';
import { createRateLimit } from './rate-limit.ts';
import { createRedeem } from './redeem.ts';
import { createSessions, type Way } from './sessions.ts';
import { createSetup } from './setup.ts';
import { createSignIn, type Happened, type SignedIn } from './sign-in.ts';
import { createTokens } from './tokens.ts';
import { createUserVerbs, listUsers } from './users.ts';

export { type EventFilter, eventFilter } from './event-scope.ts';
export { addGrant, changeGrant, removeGrant } from './grants.ts';
export { createScopes, type Scope } from './scope.ts';
export type { FactorNeeded, SignedIn } from './sign-in.ts';
export { createToken, revokeToken } from './tokens.ts';

export type Access = ReturnType<typeof createAccess>;

type Deps = {
  db: Db;
  clock: Clock;
  settings: Settings;
  config: Config;
  audit: { record(entry: Happened): Promise<unknown>; append(tx: Tx, entry: Happened): Promise<unknown> };
  /** how a password is compared, for tests that count it */
  verifyPassword?: Parameters<typeof createPasswords>[0]['verify'];
};

const CONSOLE: Actor = { kind: 'system', id: 'system', name: 'the console', role: 'admin' };

/** Who is asking, by API token or session cookie, how people come in, and what they and the admins do about accounts. */
export function createAccess({ db, clock, settings, config, audit, verifyPassword }: Deps) {
  const { sealed } = settings;
  // Browsers do not keep the ports of one host apart: two consoles on a laptop would sign each other's people out.
  const { port, protocol } = new URL(config.url);
  const cookiePrefix = `headroom-${port || (protocol === 'https:' ? 443 : 80)}`;
  const secret = settings.derivedKey('sessions').toString('base64');
  const tokens = createTokens({ db, clock });
  const lockOut = createLockOut({ db, clock });
  const rateLimit = createRateLimit({ clock });
  const passwords = createPasswords({ db, ...(verifyPassword && { verify: verifyPassword }) });
  const sessions = createSessions({ db, clock, url: config.url, secret, cookiePrefix, hash: passwords.hash });
  const challenges = createChallenges({ db, clock, cookiePrefix, secure: config.url.startsWith('https:') });
  const passkeys = createPasskeys({ db, clock, url: config.url, challenges });
  const oidc = config.oidc ? createOidc({ config: config.oidc, url: config.url, challenges }) : null;
  const { record, append } = audit;
  const limits = { lockOut, rateLimit };
  const signIn = createSignIn({
    db,
    clock,
    sessions,
    passwords,
    passkeys,
    challenges,
    oidc,
    ...limits,
    sealed,
    record,
    withGrants: (actor) => withGrants(db, actor),
  });
  const redeem = createRedeem({ db, clock, passwords, ...limits, sealed, signIn, append });
  const setup = createSetup({ sessions });
  let demo: Awaited<ReturnType<typeof provisionDemo>> | null = null;

  const enter = async (userId: string, way: Way, action: string, headers: Headers, remote: string): Promise<SignedIn> => {
    const from = { remote, userAgent: headers.get('user-agent') };
    const done = await sessions.open(userId, { way, factor: false, from, before: headers });
    const actor = (await withGrants(db, done.actor)) ?? done.actor;
    await record({ actor, action, object: `user:${userId}`, result: 'ok', after: { remote }, at: clock.now() });
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

    signIn: signIn.password,
    secondFactor: signIn.secondFactor,
    askPasskey: signIn.askPasskey,
    signInByPasskey: signIn.passkey,
    startOidc: signIn.startOidc,
    finishOidc: signIn.finishOidc,
    stepUp: signIn.stepUp,
    askStepUp: signIn.askStepUp,
    stepUpByPasskey: signIn.stepUpByPasskey,
    assertPassword: signIn.assertPassword,
    hashPassword: passwords.hash,
    methods: (headers: Headers) => ({ oidc: oidc?.name ?? null, passkeys: passkeys.here(headers) }),
    link: redeem,
    users: () => listUsers(db, clock),
    userVerbs: createUserVerbs({ clock, url: config.url, sealed }),
    account: (actor: Actor, headers: Headers) => ownAccount(db, actor, passkeys.here(headers)),
    accountVerbs: createAccountVerbs({ sealed }),
    sessions: (actor: Actor) => {
      const { id, session } = ownSession(actor);
      return sessions.list(id, session);
    },
    /** For a passkey that is to be enrolled, and what the device made of it. */
    async askNewPasskey(actor: Actor, headers: Headers) {
      const { id } = ownSession(actor);
      // before the device is asked; the verb that keeps it asks again
      assertRecentSignIn(actor, clock.now());
      const { email } = await db.selectFrom('user').select('email').where('id', '=', id).executeTakeFirstOrThrow();
      return passkeys.askNew({ id, name: actor.name, email }, headers);
    },
    proveNewPasskey: (actor: Actor, response: NewPasskey['response'], headers: Headers) =>
      passkeys.proveNew(ownSession(actor).id, response, headers),

    /** The Set-Cookie headers that take the session away. */
    async signOut(actor: Actor, headers: Headers): Promise<string[]> {
      const cookies = await sessions.signOut(headers);
      await record({ actor, action: 'session.sign-out', object: `user:${actor.id}`, result: 'ok', at: clock.now() });
      return cookies;
    },

    setupIsOpen: setup.isOpen,
    async completeSetup(
      input: { token: string; email: string; password: string; name: string },
      headers: Headers,
      remote: string,
    ): Promise<SignedIn> {
      return enter(await setup.complete(input), 'setup', 'user.first-admin', headers, remote);
    },

    /** Only in the demo: every time its link is opened. */
    async signInToDemo(key: string, headers: Headers, remote: string): Promise<SignedIn> {
      if (!demo) throw new HeadroomError('request.not-found', 'there is no sign-in link here: this console is not a demo');
      if (!demo.accepts(key))
        throw new HeadroomError('auth.required', 'the key in the link is not the one of this demo: use the link that the demo printed');
      return enter(demo.userId, 'demo', 'session.demo-link', headers, remote);
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
