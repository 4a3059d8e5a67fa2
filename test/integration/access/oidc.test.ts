import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { GET as callback } from '#app/api/v1/auth/oidc/callback/route.ts';
import { GET as begin } from '#app/api/v1/auth/oidc/start/route.ts';
import { GET as session } from '#app/api/v1/session/route.ts';
import { testConsole } from '#test/support/console.ts';
import { freePort } from '#test/support/free-port.ts';
import { CLIENT, createFormBrowser, type OpenIdPerson, startOpenIdProvider } from '#test/support/openid-provider.ts';

const ROUTES: Record<string, typeof begin> = {
  '/api/v1/auth/oidc/start': begin,
  '/api/v1/auth/oidc/callback': callback,
  '/api/v1/session': session,
};
const SYSTEM = { kind: 'system', id: 'system', name: 'test', role: 'admin' } as const;

/** The console's handlers behind a real port, and a real provider. */
async function start(t: TestContext, people: Record<string, OpenIdPerson>, env: Record<string, string> = {}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const provider = await startOpenIdProvider(people, `${url}/api/v1/auth/oidc/callback`);
  t.after(provider.close);
  const oidc = { HEADROOM_OIDC_ISSUER: provider.issuer, HEADROOM_OIDC_CLIENT_ID: CLIENT.id, HEADROOM_OIDC_CLIENT_SECRET: CLIENT.secret };
  const { runtime } = await testConsole(t, { PORT: `${port}`, ...oidc, ...env });
  const server = createServer(async (request, response) => {
    const handler = ROUTES[request.url?.split('?')[0] ?? ''];
    const headers = new Headers({ cookie: request.headers.cookie ?? '' });
    const answer = await handler?.(new Request(url + request.url, { headers }), { params: Promise.resolve({}) });
    response.writeHead(answer?.status ?? 200, {
      ...(answer && Object.fromEntries(answer.headers)),
      'set-cookie': answer?.headers.getSetCookie() ?? [],
    });
    response.end(await answer?.text());
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  assert.equal((server.address() as AddressInfo).port, port);
  const startUrl = `${url}/api/v1/auth/oidc/start?next=/runs`;
  const signIn = async (sub: string, browser = createFormBrowser()) => {
    const end = await browser.through(startUrl, sub);
    return { path: end.url.slice(url.length), browser };
  };
  const who = async (browser: ReturnType<typeof createFormBrowser>) => {
    const answer = await (await browser.once(`${url}/api/v1/session`)).json();
    return answer.actor ?? answer.code;
  };
  const invite = (email: string) => runtime.command(SYSTEM, runtime.access.userVerbs.invite, { email, name: 'Bob', role: 'approver' });
  return { url, startUrl, provider, runtime, signIn, who, invite };
}

describe('sign-in by an OpenID provider', () => {
  test('lets in whom an admin invited, by a verified e-mail, with the role of the invitation', async (t) => {
    const it = await start(t, { bob: { email: 'Bob@example.com', verified: true } });
    const invited = await it.invite('bob@example.com');
    const { path, browser } = await it.signIn('bob');
    assert.equal(path, '/runs');
    const actor = await it.who(browser);
    assert.deepEqual([actor.id, actor.role], [invited.user.id, 'approver']);
    const [asked] = it.provider.authorizations;
    assert.deepEqual(
      ['response_type', 'code_challenge_method'].map((name) => asked?.get(name)),
      ['code', 'S256'],
    );
    for (const name of ['state', 'nonce', 'code_challenge']) assert.ok((asked?.get(name) ?? '').length >= 20, name);
    const [row] = (await it.runtime.audit.list({ limit: 9 })).filter(({ action }) => action === 'session.sign-in');
    assert.match(row?.after ?? '', /"way":"oidc"/);
  });

  test('lets in nobody else: strangers, unverified e-mails, disabled people', async (t) => {
    const it = await start(t, {
      eve: { email: 'eve@example.com', verified: true, groups: ['sre'] },
      bob: { email: 'bob@example.com', verified: false },
      dan: { email: 'dan@example.com', verified: true },
    });
    await it.invite('bob@example.com');
    const dan = await it.invite('dan@example.com');
    await it.runtime.command(SYSTEM, it.runtime.access.userVerbs.change, { id: dan.user.id, change: { disabled: true } });
    for (const [sub, code] of [
      ['eve', 'auth.provider-refused'],
      ['bob', 'auth.provider-refused'],
      ['dan', 'auth.disabled'],
    ] as const) {
      const { path, browser } = await it.signIn(sub);
      assert.equal(path, `/login?problem=${code}`, sub);
      assert.equal(await it.who(browser), 'auth.required', sub);
    }
    assert.equal((await it.runtime.access.users()).length, 2);
  });

  test('with a map of groups makes accounts, and follows the groups at each sign-in', async (t) => {
    const eve = { email: 'eve@example.com', verified: true, name: 'Eve', groups: ['everybody', 'sre', 'leads'] };
    const it = await start(
      t,
      { eve, mal: { email: 'mal@example.com', verified: true, groups: ['everybody'] } },
      { HEADROOM_OIDC_ROLES: 'leads=approver,sre=operator', HEADROOM_OIDC_SCOPE: 'openid email profile groups' },
    );
    const first = await it.signIn('eve');
    const { id, name, role } = await it.who(first.browser);
    assert.deepEqual([name, role], ['Eve', 'approver']);
    eve.groups = ['sre'];
    const second = await it.who((await it.signIn('eve')).browser);
    assert.deepEqual([second.id, second.role], [id, 'operator']);
    eve.groups = [];
    assert.equal((await it.signIn('eve')).path, '/login?problem=auth.provider-refused');
    assert.equal((await it.signIn('mal')).path, '/login?problem=auth.provider-refused');
  });

  test('stays the same person when the e-mail changes, and gives nobody another’s account', async (t) => {
    const bob = { email: 'bob@example.com', verified: true };
    const it = await start(t, { bob, eve: { email: 'eve@example.com', verified: true } });
    const { user } = await it.invite('bob@example.com');
    await it.signIn('bob');
    bob.email = 'robert@example.com';
    assert.equal((await it.who((await it.signIn('bob')).browser)).id, user.id);
    assert.equal((await it.signIn('eve')).path, '/login?problem=auth.provider-refused');
  });

  test('an answer is good in the browser that asked, once, with its own state', async (t) => {
    const it = await start(t, { bob: { email: 'bob@example.com', verified: true } });
    await it.invite('bob@example.com');
    const browser = createFormBrowser();
    const { url: answer } = await browser.through(it.startUrl, 'bob', (at) => at.includes('/oidc/callback'));
    const end = async (at: string, by: typeof browser) =>
      new URL((await by.once(at)).headers.get('location') ?? '', it.url).href.slice(it.url.length);
    assert.equal(await end(answer, createFormBrowser()), '/login?problem=auth.sign-in-expired');
    assert.equal(await end(answer, browser), '/runs');
    assert.equal(await end(answer, browser), '/login?problem=auth.sign-in-expired');
    const other = createFormBrowser();
    const { url: forged } = await other.through(it.startUrl, 'bob', (at) => at.includes('/oidc/callback'));
    assert.equal(await end(forged.replace(/state=[^&]+/, 'state=another'), other), '/login?problem=auth.provider-failed');
    assert.equal(await it.who(other), 'auth.required');
  });

  test('leads to no other site afterwards, and says when the provider is away', async (t) => {
    const it = await start(t, { bob: { email: 'bob@example.com', verified: true } });
    await it.invite('bob@example.com');
    const browser = createFormBrowser();
    const { url: answer } = await browser.through(`${it.url}/api/v1/auth/oidc/start?next=//evil.example/`, 'bob', (at) =>
      at.includes('/oidc/callback'),
    );
    assert.equal((await browser.once(answer)).headers.get('location'), '/');
    await it.provider.close();
    const away = await start(t, {}, { HEADROOM_OIDC_ISSUER: 'http://127.0.0.1:9' });
    assert.equal((await away.signIn('bob')).path, '/login?problem=auth.provider-failed');
  });
});
