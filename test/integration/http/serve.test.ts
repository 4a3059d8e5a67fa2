import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const TOKEN = `hr_${'t'.repeat(40)}`;
const KEY = 'k'.repeat(40);

function dataDirectory(t: TestContext): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'serve-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

type Started = { child: ChildProcess; output: () => string; ended: Promise<number | null>; url: string };

function start(t: TestContext, env: Record<string, string>): Started {
  const child = spawn(process.execPath, ['app/serve.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', HEADROOM_LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, output: () => text, ended, url: `http://127.0.0.1:${env.PORT}` };
}

async function startDemo(t: TestContext, dataDir: string, port: number): Promise<Started> {
  fs.writeFileSync(path.join(dataDir, 'provision.json'), JSON.stringify({ apiToken: TOKEN, signInKey: KEY }), { mode: 0o600 });
  const started = start(t, { HEADROOM_DATA_DIR: dataDir, PORT: `${port}`, HEADROOM_DEMO: '1' });
  await until('the console answers', async () => (await fetch(`${started.url}/readyz`)).ok || started.output(), { timeoutMs: 60_000 });
  return started;
}

const withToken = (init: RequestInit = {}) => ({ ...init, headers: { authorization: `Bearer ${TOKEN}`, ...init.headers } });

describe('the console as a process', () => {
  test('a wrong setting stops the start with its name and exit code 78, and nothing else', async (t) => {
    const { ended, output } = start(t, { HEADROOM_DATA_DIR: dataDirectory(t), PORT: 'eighty' });
    assert.equal(await ended, 78);
    assert.match(output(), /^headroom: PORT is "eighty": .*\n$/);
  });

  test('the first start prints where the first admin is made', async (t) => {
    const port = await freePort();
    const { output, url } = start(t, { HEADROOM_DATA_DIR: dataDirectory(t), PORT: `${port}` });
    const link = await until('the link', () => /http:\S+\/setup\?token=[\w-]{43}/.exec(output())?.[0], { timeoutMs: 60_000 });
    const body = {
      token: new URL(link).searchParams.get('token'),
      email: 'ada@example.com',
      password: 'correct horse battery',
      name: 'Ada',
    };
    const headers = { 'content-type': 'application/json', origin: url };
    const made = await fetch(`${url}/api/v1/setup`, { method: 'POST', headers, body: JSON.stringify(body) });
    assert.equal(made.status, 200);
    const cookie = made.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    assert.equal((await fetch(`${url}/api/v1/session`, { headers: { cookie } })).status, 200);
    assert.equal((await fetch(`${url}/api/v1/setup`, { method: 'POST', headers, body: JSON.stringify(body) })).status, 409);
  });

  test('serves API, events and refusals from one process, which a second one cannot join, and stops within 5 s', async (t) => {
    const [dataDir, port] = [dataDirectory(t), await freePort()];
    const { child, ended, url } = await startDemo(t, dataDir, port);

    const fleet = await fetch(`${url}/api/v1/fleet`, withToken());
    assert.deepEqual(
      [fleet.status, fleet.headers.get('x-frame-options'), fleet.headers.get('x-content-type-options')],
      [200, 'DENY', 'nosniff'],
    );
    const refused = await fetch(`${url}/api/v1/nodes`, withToken({ method: 'DELETE' }));
    assert.deepEqual([refused.status, refused.headers.get('content-type')], [405, 'application/problem+json']);
    const nowhere = await fetch(`${url}/api/v1/no/such/thing`, withToken());
    assert.deepEqual([nowhere.status, nowhere.headers.get('content-type')], [404, 'application/problem+json']);

    const page = await fetch(`${url}/runs?status=paused`, { redirect: 'manual' });
    assert.deepEqual([page.status, page.headers.get('location')], [307, '/login?next=%2Fruns%3Fstatus%3Dpaused']);

    const events = await fetch(`${url}/api/v1/events`, withToken());
    const node = { name: 'edge-01', host: '127.0.0.1', sshPort: 1, user: 'sre', metrics: { via: 'none' } };
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };
    const add = () => fetch(`${url}/api/v1/nodes`, withToken({ method: 'POST', headers, body: JSON.stringify(node) }));
    assert.equal((await add()).status, 201);
    assert.equal((await add()).status, 201);
    let heard = '';
    const decoder = new TextDecoder();
    for await (const chunk of events.body ?? []) {
      heard += decoder.decode(chunk, { stream: true });
      if (heard.includes('node.changed')) break;
    }
    assert.match(heard, /"type":"node.changed"/);

    const second = start(t, { HEADROOM_DATA_DIR: dataDir, PORT: `${await freePort()}` });
    assert.equal(await second.ended, 78);
    assert.match(second.output(), /another console runs on it/);

    const stillOpen = await fetch(`${url}/api/v1/events`, withToken());
    const stopped = performance.now();
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    assert.ok(performance.now() - stopped < 5000);
    await stillOpen.body?.cancel().catch(() => {});
  });

  test('every inline script of a page is allowed by its hash or by the nonce of this very answer', async (t) => {
    const started = await startDemo(t, dataDirectory(t), await freePort());
    const signIn = await fetch(`${started.url}/demo/sign-in?key=${KEY}`, { redirect: 'manual' });
    const headers = {
      cookie: signIn.headers
        .getSetCookie()
        .map((c) => c.split(';')[0])
        .join('; '),
    };
    const nonces = new Set<string>();
    for (const page of ['/', '/login', '/runbooks/fd-leak', '/nodes/n_none', '/no-such-page']) {
      const response = await fetch(`${started.url}${page}`, { headers, redirect: 'manual' });
      const policy = /script-src ([^;]*)/.exec(response.headers.get('content-security-policy') ?? '')?.[1] ?? '';
      assert.ok(!policy.includes('unsafe'), policy);
      const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
      nonces.add(nonce);
      const html = await response.text();
      for (const [, attributes = '', script = ''] of html.matchAll(/<script(?![^>]*\ssrc=)([^>]*)>([\s\S]*?)<\/script>/g)) {
        const hash = createHash('sha256').update(script).digest('base64');
        assert.ok(attributes.includes(`nonce="${nonce}"`) || policy.includes(`'sha256-${hash}'`), `${page}: ${script.slice(0, 80)}`);
      }
    }
    assert.equal(nonces.size, 5);
    const api = await fetch(`${started.url}/api/v1/session`, { headers });
    assert.equal(api.headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
  });

  test('killed at any moment it starts again on the same data, and the sign-in link still works', async (t) => {
    const [dataDir, port] = [dataDirectory(t), await freePort()];
    const first = await startDemo(t, dataDir, port);
    const key = async () => (await fetch(`${first.url}/api/v1/ssh-key`, withToken())).json();
    const before = await key();
    first.child.kill('SIGKILL');
    await first.ended;
    await startDemo(t, dataDir, port);
    assert.deepEqual(await key(), before);
    for (const _open of [1, 2]) {
      const link = await fetch(`${first.url}/demo/sign-in?key=${KEY}`, { redirect: 'manual' });
      assert.deepEqual([link.status, link.headers.get('location')], [303, '/']);
      const cookie = link.headers.getSetCookie()[0]?.split(';')[0] ?? '';
      assert.equal((await fetch(`${first.url}/api/v1/fleet`, { headers: { cookie } })).status, 200);
    }
  });
});
