import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { everyRoute } from '#test/integration/access/walk.ts';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';

// A started console, asked as an attacker's scanner asks: over its own port, with raw requests.

const root = path.resolve(import.meta.dirname, '../../..');
const TOKEN = `hr_${'t'.repeat(40)}`;
const KEY = 'k'.repeat(40);
const ADMIN = { email: 'root@example.com', password: 'correct horse battery staple' };

type Answer = { status: number; headers: http.IncomingHttpHeaders; raw: string[]; body: string };
type Ask = { method?: string; path: string; headers?: Record<string, string | string[]>; body?: string };

/** What comes back for these bytes until the other side ends. */
const raw = (port: number, bytes: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').setTimeout(15_000, () => socket.destroy(new Error(`the connection stays open after: ${text}`)));
    socket.on('data', (chunk) => (text += chunk));
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });

describe('a console on its port, attacked', { concurrency: false }, () => {
  let port = 0;
  let child: ChildProcess;
  let dir = '';
  let log = '';

  before(async () => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), 'attacked-'));
    port = await freePort();
    fs.writeFileSync(path.join(dir, 'provision.json'), JSON.stringify({ apiToken: TOKEN, signInKey: KEY }), { mode: 0o600 });
    const env = {
      ...{ PATH: process.env.PATH, NODE_ENV: 'production' as const, HEADROOM_LOG_LEVEL: 'debug', HEADROOM_DATA_DIR: dir },
      ...{ PORT: `${port}`, HEADROOM_DEMO: '1', HEADROOM_ADMIN_EMAIL: ADMIN.email, HEADROOM_ADMIN_PASSWORD: ADMIN.password },
    };
    child = spawn(process.execPath, ['app/serve.ts'], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (log += chunk));
    await until('the console answers', async () => (await fetch(`http://127.0.0.1:${port}/readyz`)).ok || log, { timeoutMs: 60_000 });
  });
  after(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    fs.rmSync(dir, { recursive: true, force: true });
  });

  const ask = ({ method = 'GET', path: target, headers = {}, body }: Ask): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = http.request(
        {
          host: '127.0.0.1',
          port,
          method,
          path: target,
          headers: { connection: 'close', ...(body !== undefined && { 'content-length': `${Buffer.byteLength(body)}` }), ...headers },
        },
        (response) => {
          let text = '';
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, raw: response.rawHeaders, body: text }),
          );
          response.on('error', reject);
        },
      );
      request.on('error', reject);
      request.setTimeout(15_000, () => request.destroy(new Error(`${method} ${target} did not end`)));
      request.end(body);
    });
  const bearer = { authorization: `Bearer ${TOKEN}` };
  const json = { 'content-type': 'application/json' };
  const own = () => ({ ...json, origin: `http://127.0.0.1:${port}` });
  const signIn = (headers: Record<string, string> = {}) =>
    ask({ method: 'POST', path: '/api/v1/auth/sign-in', headers: { ...own(), ...headers }, body: JSON.stringify(ADMIN) });
  const sessionOf = (answer: Answer) => (answer.headers['set-cookie'] ?? []).find((line) => /session/.test(line)) ?? '';

  test('every kind of answer has the headers, and none says what it runs on', async () => {
    const kinds = [
      '/login',
      '/',
      '/api/v1/fleet',
      '/api/v1/nothing',
      '/nothing',
      '/healthz',
      '/metrics',
      '/_next/static/nothing.js',
      '/api/v1/nodes/%2e%2e',
    ];
    for (const target of kinds) {
      const { headers } = await ask({ path: target });
      assert.equal(headers['x-content-type-options'], 'nosniff', target);
      assert.equal(headers['x-frame-options'], 'DENY', target);
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin', target);
      assert.match(String(headers['referrer-policy']), /same-origin|no-referrer/, target);
      const policy = String(headers['content-security-policy']);
      assert.match(policy, /frame-ancestors 'none'/, target);
      assert.doesNotMatch(policy, /script-src[^;]*('unsafe-inline'|'unsafe-eval'|\*|https?:)/, target);
      assert.deepEqual(
        [headers['x-powered-by'], headers.server, headers['access-control-allow-origin']],
        [undefined, undefined, undefined],
        target,
      );
    }
  });

  test('a nonce is good for one answer, and is not the client’s to choose', async () => {
    const nonceOf = async (headers: Record<string, string> = {}) =>
      /'nonce-([^']+)'/.exec(String((await ask({ path: '/login', headers })).headers['content-security-policy']))?.[1];
    const [one, two] = [await nonceOf(), await nonceOf()];
    assert.ok(one && two && one !== two && one.length >= 20);
    assert.notEqual(await nonceOf({ 'content-security-policy': "script-src 'nonce-chosen'" }), 'chosen');
    assert.doesNotMatch(
      (await ask({ path: '/login', headers: { 'content-security-policy': "script-src 'nonce-chosenchosen'" } })).body,
      /chosenchosen/,
    );
  });

  test('a method that no route takes is a problem, and none of them reads or writes', async () => {
    for (const method of ['TRACE', 'PROPFIND', 'MKCOL', 'LOCK', 'PATCH', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const { status, body, headers } = await ask({ method, path: '/api/v1/fleet', headers: { ...bearer, 'x-probe': 'probe-echo' } });
      assert.ok(method === 'HEAD' ? status === 200 : status === 405 || status === 204 || status === 400, `${method} ${status}`);
      assert.doesNotMatch(body, /probe-echo/, method);
      assert.equal(headers['access-control-allow-methods'], undefined);
    }
    const overridden = await ask({ method: 'POST', path: '/api/v1/fleet', headers: { ...bearer, 'x-http-method-override': 'GET' } });
    assert.equal(overridden.status, 405);
  });

  test('who asks to speak another protocol is answered in this one: no connection is kept for a stranger', async () => {
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    for (const target of [
      '/nothing',
      '/login',
      '/_next/hmr',
      '/_next/static/nothing.js',
      '/api/v1/fleet',
      'http://169.254.169.254/latest',
    ]) {
      const { status, headers } = await ask({ path: target, headers: upgrade });
      assert.ok([200, 307, 401, 404].includes(status), `${target}: ${status}`);
      assert.equal(headers['x-frame-options'], 'DENY', target);
    }
  });

  test('nobody has pictures made of what the console serves: that would ask its pages from within', async () => {
    for (const target of [
      '/_next/image?url=%2Ficon.svg&w=64&q=75',
      '/_next/image?url=%2Fsettings&w=64&q=75',
      '/x/../_next/image?url=%2Fsettings&w=64&q=75',
    ]) {
      const { status, headers } = await ask({ path: target });
      assert.deepEqual([status, headers.location?.startsWith('/login')], [307, true], target);
    }
  });

  test('a path that climbs out of its folder leads nowhere', async () => {
    const climbing = [
      '/../../etc/passwd',
      '/_next/static/..%2f..%2f..%2fpackage.json',
      '/_next/static/%2e%2e/%2e%2e/server/app',
      '/api/v1/..%2f..%2fsecret',
      '/..%5c..%5csecret',
      '/%2e%2e%2fdata%2fsecret',
      '//etc/passwd',
      '/_next/../../data/secret',
      '/_next/image?url=http://169.254.169.254/latest',
      '/_next/image?url=%2f..%2fdata%2fsecret&w=64&q=75',
      '/help/pictures/..%2f..%2f..%2fpackage.json',
    ];
    for (const target of climbing) {
      const { status, body } = await ask({ path: target, headers: bearer });
      assert.ok(status !== 200 || /<!DOCTYPE html>/i.test(body), `${target}: ${status} ${body.slice(0, 80)}`);
      assert.doesNotMatch(body, /"dependencies"|root:x:0|BEGIN .*PRIVATE/, target);
    }
  });

  test('CVE-2026-27944: nobody is given a backup, a database, a key or a log without a sign-in, by any name that tools try', async () => {
    const secret = fs.existsSync(path.join(dir, 'secret')) ? fs.readFileSync(path.join(dir, 'secret')) : Buffer.from('none');
    const names = [
      'backup',
      'restore',
      'export',
      'dump',
      'db',
      'database',
      'settings',
      'config',
      'env',
      'logs',
      'keys',
      'debug',
      'mcp',
      'mcp_message',
      'actuator/env',
      'graphql',
      'swagger.json',
    ];
    for (const name of names)
      for (const target of [`/api/${name}`, `/api/v1/${name}`, `/${name}`, `/api/v1/system/${name}`])
        for (const method of ['GET', 'POST']) {
          const { status, headers, body } = await ask({
            method,
            path: target,
            headers: method === 'POST' ? own() : {},
            ...(method === 'POST' && { body: '{}' }),
          });
          assert.ok([307, 401, 403, 404, 405].includes(status), `${method} ${target}: ${status}`);
          const said = `${JSON.stringify(headers)} ${body}`;
          for (const form of ['hex', 'base64', 'base64url'] as const) assert.ok(!said.includes(secret.toString(form)), target);
        }
  });

  test('CVE-2026-33032: every route of the build asks who it is, those beside the API’s own too', async () => {
    const manifest: Record<string, string> = JSON.parse(fs.readFileSync(path.join(root, '.next/app-path-routes-manifest.json'), 'utf8'));
    const built = Object.keys(manifest)
      .filter((name) => name.endsWith('/route'))
      .map((name) => name.slice(0, -'/route'.length));
    const written = new Set((await everyRoute()).map((route) => `/${route.dir}`));
    const strangers = built.filter(
      (name) => !written.has(name) && !/\.(svg|ico|png|txt|json|webmanifest)$/.test(name) && !/\((console|auth)\)/.test(name),
    );
    assert.deepEqual(strangers, []);
    let asked = 0;
    for (const name of built.filter((one) => one.startsWith('/api/'))) {
      const target = name.replace(/\[(?:\.\.\.)?\w+\]/g, 'x');
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status, body } = await ask({
          method,
          path: target,
          headers: method === 'GET' ? {} : own(),
          ...(method !== 'GET' && { body: '{}' }),
        });
        asked++;
        if (/\/auth\/|\/setup$/.test(target)) continue;
        assert.ok([401, 405].includes(status), `${method} ${target}: ${status} ${body.slice(0, 100)}`);
      }
    }
    assert.ok(asked > 100, `${asked} questions`);
  });

  test('no page may be kept by a proxy in between: it is for who is signed in, and for this version', async () => {
    const session = sessionOf(await signIn()).split(';')[0] ?? '';
    for (const target of ['/', '/login', '/settings', '/nodes', '/nodes/x.css', '/runs.js', '/icon.svg'])
      for (const headers of [{ cookie: session }, {}]) {
        const kept = String((await ask({ path: target, headers })).headers['cache-control']);
        assert.match(kept, /no-store|no-cache/, `${target}: ${kept}`);
        assert.doesNotMatch(kept, /s-maxage|public|immutable/, `${target}: ${kept}`);
      }
  });

  test('how the console is, is asked anew each time', async () => {
    for (const target of ['/healthz', '/readyz', '/metrics', '/api/v1/session'])
      assert.match(String((await ask({ path: target, headers: bearer })).headers['cache-control']), /no-store/, target);
  });

  test('a link is made of the console’s own address, whatever name a request came under', async () => {
    const headers = { ...bearer, ...json };
    for (const named of [{ host: 'evil.example' }, { 'x-forwarded-host': 'evil.example' }, { forwarded: 'host=evil.example' }]) {
      const page = await ask({ path: '/login', headers: named });
      assert.doesNotMatch(JSON.stringify(page.headers) + page.body, /evil/);
      const made = await ask({ method: 'POST', path: '/api/v1/nodes', headers: { ...headers, ...named }, body: '{"name":"Bad Name"}' });
      assert.doesNotMatch(JSON.stringify(made.headers) + made.body, /evil/);
    }
    for (const target of [
      '//evil.example/',
      '/evil.example//',
      '/\\evil.example',
      '//evil.example/%2e%2e',
      '/.//evil.example',
      'http://evil.example/nodes/',
    ]) {
      const location = (await ask({ path: target })).headers.location ?? '/';
      assert.equal(new URL(location, `http://127.0.0.1:${port}`).host, `127.0.0.1:${port}`, `${target}: ${location}`);
    }
  });

  test('what two readers could take for two requests is refused, and its connection ended', async () => {
    const head = `Host: 127.0.0.1:${port}\r\n`;
    const inner = `GET /api/v1/fleet HTTP/1.1\r\n${head}authorization: Bearer ${TOKEN}\r\n\r\n`;
    const ambiguous = {
      both: `Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`,
      space: `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${inner}`,
      unknown: `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${inner}`,
      twice: `Content-Length: 0\r\nContent-Length: 5\r\n\r\n${inner}`,
      signed: `Content-Length: +5\r\n\r\n${inner}`,
      folded: `X: a\r\n b\r\n\tTransfer-Encoding: chunked\r\nContent-Length: 0x1\r\n\r\n${inner}`,
    };
    for (const [what, rest] of Object.entries(ambiguous)) {
      const answers = await raw(port, `POST /login HTTP/1.1\r\n${head}${rest}`);
      assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 400'], what);
    }
    const lines = await raw(port, `GET /login HTTP/1.1\n${head.replace('\r', '')}\n${inner}`);
    assert.deepEqual(lines.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 400']);
  });

  test('a token counts in its header alone: not in the address, a cookie, a body or another header', async () => {
    for (const target of [
      `/api/v1/fleet?token=${TOKEN}`,
      `/api/v1/fleet?access_token=${TOKEN}`,
      `/api/v1/fleet?authorization=Bearer%20${TOKEN}`,
      `/api/v1/events?token=${TOKEN}`,
    ])
      assert.equal((await ask({ path: target })).status, 401, target);
    for (const headers of [
      { cookie: `token=${TOKEN}; authorization=Bearer ${TOKEN}` },
      { 'x-api-key': TOKEN },
      { 'x-auth-token': TOKEN },
      { 'proxy-authorization': `Bearer ${TOKEN}` },
    ])
      assert.equal((await ask({ path: '/api/v1/fleet', headers })).status, 401, JSON.stringify(headers));
    assert.equal((await ask({ path: '/api/v1/fleet', headers: bearer })).status, 200);
    assert.doesNotMatch(log, new RegExp(TOKEN));
  });

  test('what another site’s page sends with the session changes nothing; nor does one under a name that leads here', async () => {
    const session = sessionOf(await signIn()).split(';')[0] ?? '';
    assert.notEqual(session, '');
    const body = JSON.stringify({ reason: 'csrf' });
    const attempts: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1.evil.example:${port}` },
      { origin: `http://127.0.0.1:${port}.evil.example` },
      { origin: `https://127.0.0.1:${port + 1}` },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://rebound.example', host: 'rebound.example' },
    ];
    for (const more of attempts) {
      const answer = await ask({ method: 'POST', path: '/api/v1/runs/stop-all', headers: { ...json, cookie: session, ...more }, body });
      assert.deepEqual([answer.status, JSON.parse(answer.body).code], [403, 'auth.bad-origin'], JSON.stringify(more));
    }
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data'])
      assert.ok(
        [400, 403, 415].includes(
          (await ask({ method: 'POST', path: '/api/v1/runs/stop-all', headers: { ...own(), 'content-type': type, cookie: session }, body }))
            .status,
        ),
        type,
      );
    const runs = JSON.parse((await ask({ path: '/api/v1/runs', headers: bearer })).body);
    assert.equal(runs.stopped, null);
  });

  test('a sign-in takes no session that somebody set before, and gives another each time', async () => {
    const fixed = 'headroom-fixed.session_token=attacker.chosen';
    const before_ = sessionOf(await signIn());
    const name = before_.split('=')[0] ?? '';
    const answer = await signIn({ cookie: `${name}=attacker.chosen; ${fixed}` });
    const cookie = sessionOf(answer);
    assert.equal(answer.status, 200, answer.body);
    assert.doesNotMatch(cookie, /attacker/);
    assert.notEqual(cookie.split(';')[0], before_.split(';')[0]);
    for (const flag of ['HttpOnly', 'SameSite=Lax', 'Path=/']) assert.match(cookie, new RegExp(flag, 'i'));
    assert.doesNotMatch(cookie, /Domain=/i);
    assert.equal((await ask({ path: '/api/v1/fleet', headers: { cookie: `${name}=attacker.chosen` } })).status, 401);
    const unsigned = (cookie.split(';')[0] ?? '').replace(/\.[^.]*$/, '.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D');
    assert.equal((await ask({ path: '/api/v1/fleet', headers: { cookie: unsigned } })).status, 401);
  });

  test('a signed-out session is no session', async () => {
    const session = sessionOf(await signIn()).split(';')[0] ?? '';
    assert.equal((await ask({ path: '/api/v1/fleet', headers: { cookie: session } })).status, 200);
    await ask({ method: 'POST', path: '/api/v1/auth/sign-out', headers: { ...own(), cookie: session }, body: '{}' });
    assert.equal((await ask({ path: '/api/v1/fleet', headers: { cookie: session } })).status, 401);
  });

  test('what is too large is refused, and what is odd ends in a problem and not in a stack', async () => {
    const big = `"${'x'.repeat(1_200_000)}"`;
    assert.equal((await ask({ method: 'POST', path: '/api/v1/nodes', headers: { ...bearer, ...json }, body: big })).status, 413);
    const many = await ask({ path: `/api/v1/fleet?${'a=1&'.repeat(3000)}`, headers: bearer }).catch(() => ({ status: 431, body: '' }));
    assert.ok([200, 400, 414, 422, 431].includes(many.status));
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const odd: Ask[] = [
      { method: 'POST', path: '/api/v1/nodes', headers: { ...bearer, ...json }, body: deep },
      {
        method: 'POST',
        path: '/api/v1/nodes',
        headers: { ...bearer, ...json },
        body: '{"__proto__":{"role":"admin"},"constructor":{"prototype":{"x":1}}}',
      },
      { method: 'POST', path: '/api/v1/nodes', headers: { ...bearer, ...json }, body: 'null' },
      { method: 'POST', path: '/api/v1/nodes', headers: { ...bearer, ...json }, body: '\uFEFF{}' },
      { path: `/api/v1/nodes/${'%00'.repeat(20)}`, headers: bearer },
      { path: `/api/v1/nodes/${encodeURIComponent("' OR 1=1 --")}`, headers: bearer },
      { path: '/api/v1/audit?before=1e309', headers: bearer },
      { path: '/api/v1/audit?limit[]=5&limit[$gt]=1', headers: bearer },
      { path: '/api/v1/audit?actor=%27%3B%20DROP%20TABLE%20audit%3B--', headers: bearer },
      { path: '/api/v1/backtest?rule=headroom&selector=%00', headers: bearer },
      { path: '/api/v1/runs/__proto__', headers: bearer },
      { path: '/api/v1/runbooks/constructor', headers: bearer },
      {
        path: '/api/v1/fleet',
        headers: {
          ...bearer,
          'x-headroom-remote': '6.6.6.6',
          'x-forwarded-for': '6.6.6.6',
          'x-middleware-subrequest': 'middleware:middleware',
        },
      },
    ];
    for (const one of odd) {
      const { status, body } = await ask(one);
      assert.ok(status < 500, `${one.method ?? 'GET'} ${one.path.slice(0, 60)}: ${status} ${body.slice(0, 200)}`);
      assert.doesNotMatch(body, /node_modules|at \w+ \(|\.ts:\d+/, one.path.slice(0, 60));
    }
    assert.deepEqual(Object.keys(Object.prototype), []);
  });

  test('CVE-2025-29927: no header takes a request past the guard of the pages', async () => {
    for (const more of [
      { 'x-middleware-subrequest': 'middleware:middleware:middleware:middleware:middleware' },
      { 'x-middleware-subrequest': 'src/middleware:src/middleware:src/middleware:src/middleware:src/middleware' },
      { 'x-original-url': '/login' },
      { 'x-rewrite-url': '/login' },
      { 'x-invoke-path': '/login' },
      { rsc: '1', 'next-router-prefetch': '1' },
      { 'x-nextjs-data': '1' },
    ] as Record<string, string>[]) {
      const page = await ask({ path: '/settings', headers: more });
      assert.equal(page.status, 307, JSON.stringify(more));
      assert.match(String(page.headers.location), /^\/login\?/, JSON.stringify(more));
      const api = await ask({ path: '/api/v1/tokens', headers: more });
      // What asks like a router is sent to the same path once more, and is refused there.
      const again = api.status === 307 ? await ask({ path: String(api.headers.location), headers: more }) : api;
      assert.equal(again.status, 401, `${JSON.stringify(more)} ${api.headers.location}`);
    }
    for (const target of ['/login/../settings', '/_next/../settings', '/api/../settings', '//evil.example/settings', '/%2fevil.example'])
      assert.doesNotMatch(String((await ask({ path: target })).headers.location ?? ''), /^(\/\/|https?:)/, target);
  });

  test('CVE-2026-45364: guessing passwords is slowed whatever address the guesser says it has', async () => {
    const guess = (from: string) =>
      ask({
        method: 'POST',
        path: '/api/v1/auth/sign-in',
        headers: { ...own(), 'x-forwarded-for': from, 'x-real-ip': from, forwarded: `for="[${from}]"` },
        body: JSON.stringify({ email: 'nobody@example.com', password: 'wrong wrong wrong' }),
      });
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await guess(`2001:db8::${i}`)).status);
    assert.equal(statuses[0], 401);
    assert.ok(statuses.includes(429), statuses.join());
  });
});
