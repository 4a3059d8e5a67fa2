import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { problemSchema } from '#shared/errors.ts';
import { testConsole } from '#test/support/console.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
/** What who is not signed in may ask, each for a reason: to sign in, to make the first admin, to open the demo. */
const PUBLIC = [
  'POST /api/v1/auth/links/redeem',
  'POST /api/v1/auth/links',
  'GET /api/v1/auth/methods',
  'GET /api/v1/auth/oidc/callback',
  'GET /api/v1/auth/oidc/start',
  'POST /api/v1/auth/passkey/options',
  'POST /api/v1/auth/passkey',
  'POST /api/v1/auth/second-factor',
  'POST /api/v1/auth/sign-in',
  'GET /api/v1/setup',
  'POST /api/v1/setup',
  'GET /demo/sign-in',
];
/** What every role may do: end its own session, see to its own account. */
const OWN = /^\w+ \/api\/v1\/(account|sessions|auth\/step-up)(\/|$)/;
const FOR_EVERYBODY = ['POST /api/v1/auth/sign-out', ...METHODS.map((method) => `${method} /api/[...path]`)];

type Handler = (request: Request, context: { params: Promise<unknown> }) => Promise<Response>;
type Route = { name: string; method: string; url: string; call: Handler };

/** Every exported method of every route.ts below app/api and app/demo, as the build finds them. */
async function allRoutes(): Promise<Route[]> {
  const files = ['app/api', 'app/demo'].flatMap((dir) =>
    fs.readdirSync(path.join(root, dir), { recursive: true, encoding: 'utf8' }).map((file) => path.join(dir, file)),
  );
  const routes: Route[] = [];
  for (const file of files.filter((f) => path.basename(f) === 'route.ts').sort()) {
    const module: Record<string, unknown> = await import(path.join(root, file));
    const shown = `/${path.dirname(file).replace(/^app\//, '')}`;
    for (const method of METHODS) {
      const call = module[method];
      if (isHandler(call)) routes.push({ name: `${method} ${shown}`, method, url: shown.replace(/\[[^\]]+\]/g, 'x'), call });
    }
  }
  return routes;
}

const isHandler = (value: unknown): value is Handler => typeof value === 'function';

const ask = (route: Route, headers: Record<string, string> = {}, body?: string) =>
  route.call(new Request(`http://127.0.0.1:3000${route.url}`, { method: route.method, headers, ...(body !== undefined && { body }) }), {
    params: Promise.resolve({ id: 'x', gate: 'x', path: ['x'] }),
  });

async function problem(response: Response) {
  assert.equal(response.headers.get('content-type'), 'application/problem+json');
  return problemSchema.parse(await response.json());
}

describe('every API route', () => {
  let routes: Route[] = [];
  let console_: Awaited<ReturnType<typeof testConsole>>;
  const cleanUps: (() => Promise<void> | void)[] = [];
  before(async () => {
    console_ = await testConsole({ after: (fn: () => Promise<void>) => void cleanUps.push(fn) });
    routes = await allRoutes();
    assert.ok(routes.length >= 15, `${routes.length} routes`);
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  test('refuses who is not signed in, but for the ways to sign in', async () => {
    const open: string[] = [];
    for (const route of routes) {
      const response = await ask(route);
      if (response.status === 401 && (await problem(response)).code === 'auth.required') continue;
      open.push(route.name);
    }
    assert.deepEqual(
      open,
      PUBLIC.filter((name) => open.includes(name)),
    );
  });

  test('refuses a wrong token, whatever else comes with it', async () => {
    for (const route of routes.filter(({ name }) => !PUBLIC.includes(name))) {
      const response = await ask(route, { authorization: 'Bearer hr_wrong', cookie: 'headroom-3000.session_token=x' });
      assert.equal(response.status, 401, route.name);
    }
  });

  test('that changes something refuses a viewer, and the refusal is in the audit', async () => {
    const authorization = `Bearer ${await console_.token('viewer')}`;
    const changing = routes.filter(
      ({ name, method }) => method !== 'GET' && !PUBLIC.includes(name) && !FOR_EVERYBODY.includes(name) && !OWN.test(name),
    );
    const readsByPost = ['POST /api/v1/changes/preview', 'POST /api/v1/drills/replays', 'POST /api/v1/nodes/[id]/check'];
    for (const route of changing.filter(({ name }) => !readsByPost.includes(name))) {
      const response = await ask(route, { authorization, 'content-type': 'application/json' }, '{}');
      assert.equal((await problem(response)).code, 'auth.forbidden', route.name);
      const [row] = await console_.runtime.audit.list({ limit: 1 });
      assert.deepEqual([row?.result, row?.actorName, row?.action], ['refused', 'test viewer', `${route.method} ${route.url}`]);
    }
  });

  test('that takes a body refuses what is no JSON, of another type, or too large', async () => {
    const authorization = `Bearer ${await console_.token('admin')}`;
    const json = { authorization, 'content-type': 'application/json' };
    for (const route of routes.filter(({ name }) => ['POST /api/v1/nodes', 'POST /api/v1/tokens', 'POST /api/v1/runs'].includes(name))) {
      assert.equal((await problem(await ask(route, json, '{"a":'))).code, 'request.not-json', route.name);
      assert.equal((await problem(await ask(route, { ...json, 'content-type': 'text/plain' }, '{}'))).code, 'request.not-json', route.name);
      assert.equal((await problem(await ask(route, json, `"${'x'.repeat(1024 * 1024)}"`))).code, 'request.too-large', route.name);
      assert.equal((await problem(await ask(route, json, '{}'))).code, 'request.invalid', route.name);
    }
  });

  test('answers a path that is not there with a problem', async () => {
    const route = routes.find(({ name }) => name === 'GET /api/[...path]');
    assert.ok(route);
    const answer = await problem(await ask(route, { authorization: `Bearer ${await console_.token('viewer')}` }));
    assert.equal(answer.code, 'request.not-found');
  });
});
