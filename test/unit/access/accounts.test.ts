import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { verifyPassword } from 'better-auth/crypto';
import { addGrant, changeGrant, createToken } from '#server/access/index.ts';
import type { Actor } from '#shared/access.ts';
import type { LinkKind } from '#shared/account.ts';
import { codeOf, SYSTEM, testAccess, withCode, withCookies } from '#test/support/access.ts';

const PASSWORD = 'correct horse battery';
const REMOTE = '192.0.2.1';
const MINUTE_MS = 60_000;
const env = { HEADROOM_ADMIN_EMAIL: 'ada@example.com', HEADROOM_ADMIN_PASSWORD: PASSWORD };
type Console = Awaited<ReturnType<typeof start>>;

/** A console with the admin Ada, and what tests do with it. */
async function start(t: TestContext, verify?: typeof verifyPassword) {
  const it = await testAccess(t, env, verify);
  await it.access.prepare();
  const signIn = (email = 'ada@example.com', password = PASSWORD, remote = REMOTE) =>
    it.access.signIn({ email, password }, new Headers({ 'user-agent': 'test' }), remote);
  /** who holds these cookies now */
  const actor = async (cookies: string[]): Promise<Actor> => {
    const found = await it.access.authenticate(withCookies(...cookies));
    assert.ok(found);
    return found;
  };
  const linkToken = (link: string) => link.split('#')[1] ?? '';
  const redeem = (link: string, password: string) => it.access.link.redeem({ token: linkToken(link), password }, new Headers(), REMOTE);
  /** somebody invited, who came in */
  const person = async (name: string, role: 'viewer' | 'admin' = 'viewer') => {
    const { user, link } = await it.command(SYSTEM, it.access.userVerbs.invite, { email: `${name}@example.com`, name, role });
    const { cookies } = await redeem(link.link, PASSWORD);
    return { id: user.id, cookies };
  };
  const enrol = async (cookies: string[]) => {
    const { secret } = await it.command(await actor(cookies), it.access.accountVerbs.beginTotp, {});
    const code = codeOf(secret, it.now());
    const { recoveryCodes } = await it.command(await actor(cookies), it.access.accountVerbs.confirmTotp, { code });
    it.advance(MINUTE_MS);
    return { secret, recoveryCodes };
  };
  const newLink = async (id: string, kind: LinkKind) => (await it.command(SYSTEM, it.access.userVerbs.link, { id, kind })).link;
  return { ...it, signIn, actor, person, enrol, newLink, redeem, linkToken };
}

describe('sign-in', () => {
  test('one hash is computed for a wrong password, an unknown e-mail and a person without a password', async (t) => {
    let hashes = 0;
    const { command, access, signIn } = await start(t, (pair) => {
      hashes += 1;
      return verifyPassword(pair);
    });
    await command(SYSTEM, access.userVerbs.invite, { email: 'new@example.com', name: 'New', role: 'viewer' });
    for (const email of ['ada@example.com', 'nobody@example.com', 'new@example.com']) {
      hashes = 0;
      await assert.rejects(signIn(email, 'wrong wrong wrong'), withCode('auth.invalid-credentials'), email);
      assert.equal(hashes, 1, email);
    }
  });

  test('gives another session each time and ends the one that the browser came with', async (t) => {
    const { access, signIn } = await start(t);
    const first = await signIn();
    const second = await access.signIn({ email: 'ada@example.com', password: PASSWORD }, withCookies(...first.cookies), REMOTE);
    assert.notEqual(first.cookies[0], second.cookies[0]);
    assert.equal(await access.authenticate(withCookies(...first.cookies)), null);
    assert.ok(await access.authenticate(withCookies(...second.cookies)));
  });

  test('many guesses at once are counted like one after the other', async (t) => {
    const { signIn } = await start(t);
    const guesses = await Promise.allSettled(Array.from({ length: 12 }, () => signIn('ada@example.com', 'wrong wrong wrong')));
    const codes = guesses.map((guess) => (guess.status === 'rejected' ? guess.reason.code : 'came in'));
    assert.deepEqual(codes.filter((code) => code === 'auth.invalid-credentials').length, 5);
    assert.deepEqual(codes.filter((code) => code === 'auth.locked-out').length, 7);
  });

  test('an address gets no more than sixty attempts a minute, whatever they are', async (t) => {
    const { signIn, access, advance } = await start(t);
    const token = 'x'.repeat(43);
    for (let i = 0; i < 60; i++) await assert.rejects(access.link.look(token, REMOTE), withCode('auth.bad-link'));
    await assert.rejects(signIn(), withCode('request.rate-limited'));
    assert.ok(await signIn('ada@example.com', PASSWORD, '192.0.2.2'));
    advance(MINUTE_MS);
    assert.ok(await signIn());
  });
});

describe('sessions', () => {
  test('end after a day without use and after seven days in any case', async (t) => {
    const { access, signIn, advance } = await start(t);
    const idle = withCookies(...(await signIn()).cookies);
    advance(23 * 60 * MINUTE_MS);
    assert.ok(await access.authenticate(idle));
    advance(25 * 60 * MINUTE_MS);
    assert.equal(await access.authenticate(idle), null);
    const used = withCookies(...(await signIn()).cookies);
    for (let day = 0; day < 7; day++) {
      advance(23.9 * 60 * MINUTE_MS);
      assert.ok(await access.authenticate(used), `day ${day}`);
    }
    advance(23.9 * 60 * MINUTE_MS);
    assert.equal(await access.authenticate(used), null);
  });

  test('are listed with where they come from, and ended one by one or all but one’s own', async (t) => {
    const { access, command, signIn, actor, person } = await start(t);
    const [a, b, c] = [await signIn(), await signIn(), await signIn()];
    const ada = await actor(a.cookies);
    const list = await access.sessions(ada);
    assert.deepEqual(
      list.map(({ address, userAgent, way }) => [address, userAgent, way]),
      Array.from({ length: 3 }, () => [REMOTE, 'test', 'password']),
    );
    assert.equal(list.filter(({ current }) => current).length, 1);
    const bob = await person('bob');
    const foreign = (await access.sessions(await actor(bob.cookies)))[0]?.id ?? '';
    await assert.rejects(command(ada, access.accountVerbs.endSession, { id: foreign }), withCode('session.not-found'));
    const other = list.find(({ current }) => !current)?.id ?? '';
    await command(ada, access.accountVerbs.endSession, { id: other });
    assert.equal((await access.sessions(ada)).length, 2);
    assert.deepEqual(await command(ada, access.accountVerbs.endOtherSessions, {}), { ended: 1 });
    const left = await Promise.all([a, b, c].map(({ cookies }) => access.authenticate(withCookies(...cookies))));
    assert.deepEqual(left.map(Boolean), [true, false, false]);
    assert.ok(await access.authenticate(withCookies(...bob.cookies)));
  });
});

describe('people', () => {
  test('are invited by a link that is good once and for a week, and is kept as a hash', async (t) => {
    const { db, access, command, audit, redeem, linkToken, advance } = await start(t);
    const invite = (name: string) => command(SYSTEM, access.userVerbs.invite, { email: `${name}@example.com`, name, role: 'operator' });
    const { user, link } = await invite('Bob');
    assert.deepEqual([user.state, user.email], ['invited', 'bob@example.com']);
    await assert.rejects(invite('BOB'), withCode('user.email-taken'));
    const kept = JSON.stringify([await db.selectFrom('accountLinks').selectAll().execute(), await audit.list({ limit: 50 })]);
    assert.ok(!kept.includes(linkToken(link.link)));
    await assert.rejects(redeem(link.link, 'too short'), withCode('request.invalid'));
    const { actor } = await redeem(link.link, PASSWORD);
    assert.deepEqual([actor?.name, actor?.role], ['Bob', 'operator']);
    await assert.rejects(redeem(link.link, PASSWORD), withCode('auth.bad-link'));
    const late = await invite('Eve');
    advance(7 * 24 * 60 * MINUTE_MS + 1);
    await assert.rejects(redeem(late.link.link, PASSWORD), withCode('auth.bad-link'));
  });

  test('two who open one link at once: one comes in', async (t) => {
    const { access, command, redeem } = await start(t);
    const { link } = await command(SYSTEM, access.userVerbs.invite, { email: 'bob@example.com', name: 'Bob', role: 'viewer' });
    const done = await Promise.allSettled([redeem(link.link, PASSWORD), redeem(link.link, 'another long password')]);
    assert.deepEqual(done.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  });

  test('who is disabled is out at once, with the tokens they made, and may come back', async (t) => {
    const { access, command, signIn, actor, person } = await start(t);
    const bob = await person('bob', 'admin');
    const { token } = await command(await actor(bob.cookies), createToken, { name: 'ci', role: 'viewer' });
    const bearer = new Headers({ authorization: `Bearer ${token}` });
    assert.ok(await access.authenticate(bearer));
    await command(SYSTEM, access.userVerbs.change, { id: bob.id, change: { disabled: true } });
    assert.equal(await access.authenticate(withCookies(...bob.cookies)), null);
    assert.equal(await access.authenticate(bearer), null);
    await assert.rejects(signIn('bob@example.com', 'wrong wrong wrong'), withCode('auth.invalid-credentials'));
    await assert.rejects(signIn('bob@example.com'), withCode('auth.disabled'));
    await command(SYSTEM, access.userVerbs.change, { id: bob.id, change: { disabled: false } });
    assert.ok((await signIn('bob@example.com')).actor);
    assert.ok(await access.authenticate(bearer));
  });

  test('who is deleted is gone with sessions, tokens and second factor', async (t) => {
    const { db, access, command, signIn, actor, person, enrol } = await start(t);
    const bob = await person('bob', 'admin');
    await enrol(bob.cookies);
    const { token } = await command(await actor(bob.cookies), createToken, { name: 'ci', role: 'viewer' });
    await command(SYSTEM, access.userVerbs.remove, { id: bob.id });
    assert.equal(await access.authenticate(new Headers({ authorization: `Bearer ${token}` })), null);
    await assert.rejects(signIn('bob@example.com'), withCode('auth.invalid-credentials'));
    const rows = await Promise.all(
      (['totp', 'recoveryCodes', 'session', 'tokens'] as const).map((table) => db.selectFrom(table).selectAll().execute()),
    );
    assert.deepEqual(
      rows.map(({ length }) => length),
      [0, 0, 0, 0],
    );
    assert.deepEqual(
      (await db.selectFrom('secrets').select('key').execute()).filter(({ key }) => key.startsWith('totp')),
      [],
    );
  });

  test('the last admin is not removed, disabled or demoted; one who was invited and never came does not count', async (t) => {
    const { db, access, command, person } = await start(t);
    const ada = (await db.selectFrom('user').select('id').executeTakeFirstOrThrow()).id;
    await command(SYSTEM, access.userVerbs.invite, { email: 'eve@example.com', name: 'Eve', role: 'admin' });
    const last = withCode('grant.last-admin');
    const away = [
      () => command(SYSTEM, access.userVerbs.remove, { id: ada }),
      () => command(SYSTEM, access.userVerbs.change, { id: ada, change: { disabled: true } }),
      () => command(SYSTEM, access.userVerbs.change, { id: ada, change: { role: 'approver' } }),
    ];
    for (const act of away) await assert.rejects(act(), last);
    const bob = await person('bob', 'admin');
    await command(SYSTEM, access.userVerbs.change, { id: bob.id, change: { disabled: true } });
    for (const act of away) await assert.rejects(act(), last);
    await command(SYSTEM, access.userVerbs.change, { id: bob.id, change: { disabled: false } });
    await command(SYSTEM, access.userVerbs.change, { id: ada, change: { role: 'viewer' } });
    await assert.rejects(command(SYSTEM, access.userVerbs.remove, { id: bob.id }), last);
  });

  test('a token takes access away, and gives none: what it gave would outlast it', async (t) => {
    const { db, access, command, person } = await start(t);
    const { token } = await command(SYSTEM, createToken, { name: 'ci', role: 'admin' });
    const ci = await access.authenticate(new Headers({ authorization: `Bearer ${token}` }));
    assert.ok(ci);
    const { invite, change, link, endSessions, remove } = access.userVerbs;
    const bob = await person('bob');
    const grants = { userId: bob.id, role: 'admin' as const, selector: null };
    const gives = [
      () => command(ci, invite, { email: 'eve@example.com', name: 'Eve', role: 'viewer' }),
      () => command(ci, change, { id: bob.id, change: { role: 'admin' } }),
      () => command(ci, change, { id: bob.id, change: { disabled: false } }),
      () => command(ci, link, { id: bob.id, kind: 'password' }),
      () => command(ci, addGrant, grants),
      () => command(ci, changeGrant, { ...grants, id: `base-${bob.id}` }),
    ];
    for (const act of gives) await assert.rejects(act(), withCode('auth.forbidden'), String(act));
    const people = async () =>
      (await db.selectFrom('user').selectAll().orderBy('name').execute()).map(({ name, role }) => `${name}: ${role}`);
    assert.deepEqual(await people(), ['ada@example.com: admin', 'bob: viewer']);
    assert.deepEqual(await command(ci, endSessions, { id: bob.id }), { ended: 1 });
    await command(ci, change, { id: bob.id, change: { disabled: true } });
    await command(ci, remove, { id: bob.id });
    assert.equal((await people()).length, 1);
  });

  test('nobody but an admin changes people, and a token changes no account of its own', async (t) => {
    const { access, command, actor, person } = await start(t);
    const bob = await actor((await person('bob')).cookies);
    await assert.rejects(command(bob, access.userVerbs.change, { id: bob.id, change: { role: 'admin' } }), withCode('auth.forbidden'));
    const { token } = await command(SYSTEM, createToken, { name: 'ci', role: 'admin' });
    const ci = await access.authenticate(new Headers({ authorization: `Bearer ${token}` }));
    assert.ok(ci);
    await assert.rejects(command(ci, access.accountVerbs.rename, { name: 'x' }), withCode('auth.forbidden'));
  });
});

describe('the own account', () => {
  test('a new password needs the old one and ends the other sessions', async (t) => {
    const { access, command, signIn, actor } = await start(t);
    const [here, there] = [await signIn(), await signIn()];
    const ada = await actor(here.cookies);
    await assert.rejects(access.assertPassword(ada, 'wrong wrong wrong', REMOTE), withCode('auth.wrong-password'));
    await access.assertPassword(ada, PASSWORD, REMOTE);
    await command(ada, access.accountVerbs.changePassword, { hash: await access.hashPassword('another long password') });
    assert.ok(await access.authenticate(withCookies(...here.cookies)));
    assert.equal(await access.authenticate(withCookies(...there.cookies)), null);
    await assert.rejects(signIn(), withCode('auth.invalid-credentials'));
    assert.ok((await signIn('ada@example.com', 'another long password')).actor);
  });

  test('a reset link sets a password, ends all sessions and leaves the second factor', async (t) => {
    const { access, signIn, person, enrol, newLink, redeem } = await start(t);
    const bob = await person('bob');
    await enrol(bob.cookies);
    const done = await redeem(await newLink(bob.id, 'password'), 'another long password');
    assert.deepEqual([done.actor, done.actor === null && done.secondFactor], [null, { totp: true, passkey: false }]);
    assert.equal(await access.authenticate(withCookies(...bob.cookies)), null);
    await assert.rejects(signIn('bob@example.com'), withCode('auth.invalid-credentials'));
  });

  test('a link takes a lost second factor off for whoever knows the password', async (t) => {
    const { signIn, person, enrol, newLink, redeem } = await start(t);
    const bob = await person('bob');
    await enrol(bob.cookies);
    const link = await newLink(bob.id, 'second-factor');
    await assert.rejects(redeem(link, 'wrong wrong wrong'), withCode('auth.wrong-password'));
    assert.ok((await redeem(link, PASSWORD)).actor);
    assert.ok((await signIn('bob@example.com')).actor);
  });
});

describe('the second factor', () => {
  const wrong = withCode('auth.wrong-code');

  async function enrolled(t: TestContext) {
    const it = await start(t);
    const { cookies } = await it.signIn();
    return { ...it, cookies, ...(await it.enrol(cookies)) };
  }
  const half = async ({ signIn }: Pick<Console, 'signIn'>) => {
    const done = await signIn();
    assert.equal(done.actor, null);
    return withCookies(...done.cookies);
  };

  test('is asked after the password, with a code that is good once; half a sign-in is no session', async (t) => {
    const it = await enrolled(t);
    const pending = await half(it);
    assert.equal(await it.access.authenticate(pending), null);
    await assert.rejects(it.access.secondFactor('000000', pending, REMOTE), wrong);
    const code = codeOf(it.secret, it.now());
    const { actor, cookies } = await it.access.secondFactor(code, pending, REMOTE);
    assert.equal(actor.name, 'ada@example.com');
    assert.ok(await it.access.authenticate(withCookies(...cookies)));
    await assert.rejects(it.access.secondFactor(code, pending, REMOTE), withCode('auth.sign-in-expired'));
    await assert.rejects(it.access.secondFactor(code, await half(it), REMOTE), wrong);
    it.advance(11 * MINUTE_MS);
    await assert.rejects(it.access.secondFactor(code, pending, REMOTE), withCode('auth.sign-in-expired'));
  });

  test('can be a recovery code, each once, kept as a hash; new ones end the old ones', async (t) => {
    const it = await enrolled(t);
    const [code = '', second = ''] = it.recoveryCodes;
    assert.equal(it.recoveryCodes.length, 10);
    const kept = JSON.stringify([
      await it.db.selectFrom('recoveryCodes').selectAll().execute(),
      await it.db.selectFrom('secrets').selectAll().execute(),
      await it.audit.list({ limit: 99 }),
    ]);
    assert.ok(!kept.includes(code) && !kept.includes(code.replaceAll('-', '')) && !kept.includes(it.secret));
    assert.ok((await it.access.secondFactor(` ${code.toUpperCase()} `, await half(it), REMOTE)).actor);
    await assert.rejects(it.access.secondFactor(code, await half(it), REMOTE), wrong);
    await it.access.stepUp(await it.actor(it.cookies), codeOf(it.secret, it.now()), REMOTE);
    await it.command(await it.actor(it.cookies), it.access.accountVerbs.recoveryCodes, {});
    await assert.rejects(it.access.secondFactor(second, await half(it), REMOTE), wrong);
  });

  test('locks out like the password, recovery codes too, though the password was right each time', async (t) => {
    const it = await enrolled(t);
    for (let i = 0; i < 5; i++)
      await assert.rejects(it.access.secondFactor(i % 2 ? '000000' : 'aaaa-bbbb-cccc-dddd', await half(it), REMOTE), wrong);
    const good = codeOf(it.secret, it.now());
    await assert.rejects(it.access.secondFactor(good, await half(it), REMOTE), withCode('auth.locked-out'));
  });

  test('is needed again for dangerous things once it is ten minutes old', async (t) => {
    const it = await enrolled(t);
    const invite = async () =>
      it.command(await it.actor(it.cookies), it.access.userVerbs.invite, { email: 'b@example.com', name: 'B', role: 'viewer' });
    const needed = withCode('auth.second-factor-needed');
    it.advance(10 * MINUTE_MS);
    await assert.rejects(invite(), needed);
    await assert.rejects(it.command(await it.actor(it.cookies), createToken, { name: 'ci', role: 'viewer' }), needed);
    await assert.rejects(it.command(await it.actor(it.cookies), it.access.accountVerbs.removeTotp, {}), needed);
    await assert.rejects(it.access.stepUp(await it.actor(it.cookies), '000000', REMOTE), wrong);
    await it.access.stepUp(await it.actor(it.cookies), codeOf(it.secret, it.now()), REMOTE);
    assert.equal((await invite()).user.name, 'B');
    it.advance(9 * MINUTE_MS);
    assert.ok((await it.command(await it.actor(it.cookies), createToken, { name: 'ci', role: 'viewer' })).token);
  });

  test('is set up first by whoever signed in just now, not by whoever finds a browser open', async (t) => {
    const { access, command, signIn, actor, advance } = await start(t);
    const { cookies } = await signIn();
    advance(11 * MINUTE_MS);
    const again = withCode('auth.sign-in-again');
    await assert.rejects(command(await actor(cookies), access.accountVerbs.beginTotp, {}), again);
    await assert.rejects(access.askNewPasskey(await actor(cookies), new Headers({ host: 'localhost:3000' })), again);
    const passkey = { id: 'x', publicKey: 'x', counter: 0, transports: [], rpId: 'localhost' };
    await assert.rejects(command(await actor(cookies), access.accountVerbs.addPasskey, { name: 'x', passkey }), again);
    assert.ok((await command(await actor((await signIn()).cookies), access.accountVerbs.beginTotp, {})).secret);
  });

  test('is not asked of a token', async (t) => {
    const it = await enrolled(t);
    const { token } = await it.command(await it.actor(it.cookies), createToken, { name: 'ci', role: 'admin' });
    it.advance(60 * MINUTE_MS);
    const ci = await it.access.authenticate(new Headers({ authorization: `Bearer ${token}` }));
    assert.ok(ci);
    assert.ok((await it.command(ci, createToken, { name: 'more', role: 'viewer' })).token);
  });

  test('that is set up anew leaves the old app good until the new one has shown a code', async (t) => {
    const it = await enrolled(t);
    await it.access.stepUp(await it.actor(it.cookies), codeOf(it.secret, it.now()), REMOTE);
    const { secret } = await it.command(await it.actor(it.cookies), it.access.accountVerbs.beginTotp, {});
    it.advance(MINUTE_MS);
    const confirm = async (code: string) => it.command(await it.actor(it.cookies), it.access.accountVerbs.confirmTotp, { code });
    await assert.rejects(confirm(codeOf(it.secret, it.now())), wrong);
    assert.ok((await it.access.secondFactor(codeOf(it.secret, it.now()), await half(it), REMOTE)).actor);
    await confirm(codeOf(secret, it.now()));
    it.advance(MINUTE_MS);
    await assert.rejects(it.access.secondFactor(codeOf(it.secret, it.now()), await half(it), REMOTE), wrong);
  });

  test('is gone with its recovery codes once it was removed', async (t) => {
    const it = await enrolled(t);
    await it.command(await it.actor(it.cookies), it.access.accountVerbs.removeTotp, {});
    assert.ok((await it.signIn()).actor);
    assert.equal((await it.access.account(await it.actor(it.cookies), new Headers())).recoveryCodesLeft, 0);
  });
});
