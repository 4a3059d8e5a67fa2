import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { createToken, revokeToken } from '#server/access/index.ts';
import { SYSTEM, testAccess, withCode, withCookies } from '#test/support/access.ts';

const PASSWORD = 'correct horse battery';
const DAY_MS = 24 * 3600_000;

const bearer = (token: string) => new Headers({ authorization: `Bearer ${token}` });
const admin = { HEADROOM_ADMIN_EMAIL: 'Ada@example.com', HEADROOM_ADMIN_PASSWORD: PASSWORD };

describe('API tokens', () => {
  test('a token speaks for its role until it is revoked', async (t) => {
    const { access, command } = await testAccess(t);
    const made = await command(SYSTEM, createToken, { name: 'ci', role: 'operator' });
    const actor = await access.authenticate(bearer(made.token));
    assert.deepEqual([actor?.kind, actor?.name, actor?.role], ['token', 'ci', 'operator']);
    await command(SYSTEM, revokeToken, { id: made.id });
    assert.equal(await access.authenticate(bearer(made.token)), null);
  });

  test('a token ends on its day', async (t) => {
    const { access, command, advance } = await testAccess(t);
    const { token } = await command(SYSTEM, createToken, { name: 'ci', role: 'viewer', expiresInDays: 2 });
    advance(2 * DAY_MS - 60_000);
    assert.ok(await access.authenticate(bearer(token)));
    advance(120_000);
    assert.equal(await access.authenticate(bearer(token)), null);
  });

  test('a token that a token makes ends with it at the latest', async (t) => {
    const { access, command, advance } = await testAccess(t);
    const first = await command(SYSTEM, createToken, { name: 'ci', role: 'admin', expiresInDays: 2 });
    const actor = await access.authenticate(bearer(first.token));
    assert.ok(actor);
    const long = await command(actor, createToken, { name: 'kept for later', role: 'admin', expiresInDays: 366 });
    assert.equal(long.expiresAt, first.expiresAt);
    advance(DAY_MS);
    const short = await command(actor, createToken, { name: 'for an hour', role: 'viewer', expiresInDays: 1 });
    assert.ok(short.expiresAt <= first.expiresAt);
    advance(DAY_MS + 60_000);
    for (const { token } of [first, long, short]) assert.equal(await access.authenticate(bearer(token)), null);
  });

  test('is kept as a hash alone, also in the audit', async (t) => {
    const { db, access, audit, command } = await testAccess(t);
    const { token, prefix } = await command(SYSTEM, createToken, { name: 'ci', role: 'viewer' });
    const kept = JSON.stringify([
      await db.selectFrom('tokens').selectAll().execute(),
      await audit.list({ limit: 9 }),
      await access.tokens.list(),
    ]);
    assert.ok(!kept.includes(token) && kept.includes(prefix));
    assert.ok(token.length > 40 && prefix.length < 10);
  });

  test('says when it was last used', async (t) => {
    const { access, command } = await testAccess(t);
    const { token } = await command(SYSTEM, createToken, { name: 'ci', role: 'viewer' });
    assert.equal((await access.tokens.list())[0]?.lastUsedAt, null);
    await access.authenticate(bearer(token));
    assert.notEqual((await access.tokens.list())[0]?.lastUsedAt, null);
  });

  test('nothing else is let in', async (t) => {
    const { access } = await testAccess(t);
    for (const headers of [
      {},
      { authorization: 'Bearer hr_wrong' },
      { authorization: 'Basic YTpi' },
      { cookie: 'headroom-3000.session_token=x.y' },
    ])
      assert.equal(await access.authenticate(new Headers(headers)), null, JSON.stringify(headers));
  });
});

describe('sign-in', () => {
  test('with e-mail and password gives a session, until it is signed out', async (t) => {
    const { access, audit } = await testAccess(t, admin);
    assert.deepEqual(await access.prepare(), { setupLink: null });
    const { cookies } = await access.signIn({ email: 'ada@example.com', password: PASSWORD }, new Headers(), '192.0.2.1');
    assert.match(cookies[0] ?? '', /HttpOnly; SameSite=Lax/);
    const actor = await access.authenticate(withCookies(...cookies));
    assert.deepEqual([actor?.kind, actor?.role], ['user', 'admin']);
    assert.ok(actor);
    await access.signOut(actor, withCookies(...cookies));
    assert.equal(await access.authenticate(withCookies(...cookies)), null);
    assert.deepEqual(
      (await audit.list({ limit: 9 })).map((row) => row.action),
      ['session.sign-out', 'session.sign-in', 'user.first-admin'],
    );
  });

  test('a cookie whose signature was changed is worth nothing', async (t) => {
    const { access } = await testAccess(t, admin);
    await access.prepare();
    const { cookies } = await access.signIn({ email: 'ada@example.com', password: PASSWORD }, new Headers(), '192.0.2.1');
    const forged = cookies.map((cookie) => cookie.replace(/\.[^.;]{6}/, '.AAAAAA'));
    assert.notDeepEqual(forged, cookies);
    assert.equal(await access.authenticate(withCookies(...forged)), null);
  });

  test('over https the cookie is for https alone', async (t) => {
    const { access } = await testAccess(t, { ...admin, HEADROOM_URL: 'https://console.example' });
    await access.prepare();
    const { cookies } = await access.signIn({ email: 'ada@example.com', password: PASSWORD }, new Headers(), '192.0.2.1');
    assert.match(cookies[0] ?? '', /^__Secure-.*; Secure/);
  });

  test('a wrong password and an unknown e-mail get the same answer, and are recorded', async (t) => {
    const { access, audit } = await testAccess(t, admin);
    await access.prepare();
    const messages: string[] = [];
    for (const email of ['ada@example.com', 'nobody@example.com'])
      await assert.rejects(access.signIn({ email, password: 'wrong wrong wrong' }, new Headers(), '192.0.2.1'), (error: Error) => {
        messages.push(error.message);
        return withCode('auth.invalid-credentials')(error);
      });
    assert.equal(messages[0], messages[1]);
    assert.deepEqual(
      (await audit.list({ limit: 9 })).map((row) => row.result),
      ['failed', 'failed', 'ok'],
    );
  });

  test('five failures lock the pair of address and account for a while, not the account for everybody', async (t) => {
    const { access, advance } = await testAccess(t, admin);
    await access.prepare();
    const ask = (password: string, remote: string) => access.signIn({ email: 'ada@example.com', password }, new Headers(), remote);
    for (let i = 0; i < 5; i++) await assert.rejects(ask('wrong wrong wrong', '192.0.2.1'), withCode('auth.invalid-credentials'));
    await assert.rejects(ask(PASSWORD, '192.0.2.1'), withCode('auth.locked-out'));
    assert.ok(await ask(PASSWORD, '192.0.2.2'));
    advance(61_000);
    assert.ok(await ask(PASSWORD, '192.0.2.1'));
  });
});

describe('the first admin', () => {
  test('is made by the link from the terminal, once', async (t) => {
    const { access } = await testAccess(t);
    const { setupLink } = await access.prepare();
    const token = new URL(setupLink ?? '').searchParams.get('token') ?? '';
    const input = { token, email: 'ada@example.com', password: PASSWORD, name: 'Ada' };
    await assert.rejects(
      access.completeSetup({ ...input, token: 'x'.repeat(43) }, new Headers(), '192.0.2.1'),
      withCode('auth.bad-setup-link'),
    );
    const { actor, cookies } = await access.completeSetup(input, new Headers(), '192.0.2.1');
    assert.deepEqual([actor.name, actor.role], ['Ada', 'admin']);
    assert.equal((await access.authenticate(withCookies(...cookies)))?.id, actor.id);
    await assert.rejects(access.completeSetup(input, new Headers(), '192.0.2.1'), withCode('auth.setup-done'));
    assert.deepEqual(await access.prepare(), { setupLink: null });
    assert.ok(await access.signIn({ email: 'ada@example.com', password: PASSWORD }, new Headers(), '192.0.2.1'));
  });
});

describe('the demo', () => {
  const provision = { apiToken: `hr_${'a'.repeat(40)}`, signInKey: 'k'.repeat(40) };
  const write = (dataDir: string, value: unknown, mode = 0o600) =>
    fs.writeFileSync(path.join(dataDir, 'provision.json'), JSON.stringify(value), { mode });

  test('its token and its link work, the link as often as it is opened, also after a restart', async (t) => {
    const { access, dataDir } = await testAccess(t, { HEADROOM_DEMO: '1' });
    write(dataDir, provision);
    for (const _start of [1, 2]) {
      assert.deepEqual(await access.prepare(), { setupLink: null });
      assert.equal((await access.authenticate(bearer(provision.apiToken)))?.role, 'admin');
      for (const _open of [1, 2]) {
        const { cookies } = await access.signInToDemo(provision.signInKey, new Headers(), '127.0.0.1');
        assert.equal((await access.authenticate(withCookies(...cookies)))?.role, 'admin');
      }
    }
    await assert.rejects(access.signInToDemo('k'.repeat(39), new Headers(), '127.0.0.1'), withCode('auth.required'));
  });

  test('without its file, or with one that others can read, it does not start', async (t) => {
    const { access, dataDir } = await testAccess(t, { HEADROOM_DEMO: '1' });
    await assert.rejects(access.prepare(), /provision\.json should be there/);
    write(dataDir, provision, 0o644);
    await assert.rejects(access.prepare(), /can be read by others/);
  });

  test('a console that is no demo has no such link', async (t) => {
    const { access, dataDir } = await testAccess(t);
    write(dataDir, provision);
    await access.prepare();
    await assert.rejects(access.signInToDemo(provision.signInKey, new Headers(), '127.0.0.1'), withCode('request.not-found'));
    assert.equal(await access.authenticate(bearer(provision.apiToken)), null);
  });
});
