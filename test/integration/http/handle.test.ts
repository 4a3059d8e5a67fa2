import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { handle } from '#app/api/_http/handle.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { setRuntime } from '#server/slot.ts';
import { problemSchema } from '#shared/errors.ts';
import { testConsole } from '#test/support/console.ts';

type Handler = ReturnType<typeof handle>;

async function setUp(t: TestContext, env?: Record<string, string>) {
  const { runtime, token } = await testConsole(t, env);
  const authorization = `Bearer ${await token('admin')}`;
  const ask = (handler: Handler, init: RequestInit = {}, path = '/api/v1/x') =>
    handler(new Request(`http://127.0.0.1:3000${path}`, { ...init, headers: { authorization, ...init.headers } }), {
      params: Promise.resolve({}),
    });
  return { runtime, ask };
}

const problem = async (response: Response) => problemSchema.parse(await response.json());

describe('handle', () => {
  test('parses path, query and body once, and answers with the status that the route names', async (t) => {
    const { ask } = await setUp(t);
    const handler = handle(
      { permission: 'fleet.read', query: z.object({ n: z.coerce.number() }), body: z.object({ word: z.string() }), status: 201 },
      ({ query, body, actor }) => ({ n: query.n + 1, word: body.word, who: actor.role }),
    );
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"word":"a"}' };
    const response = await ask(handler, init, '/api/v1/x?n=1');
    assert.deepEqual([response.status, await response.json()], [201, { n: 2, word: 'a', who: 'admin' }]);
    assert.equal((await problem(await ask(handler, init, '/api/v1/x?n=one'))).code, 'request.invalid');
  });

  test('a small answer is left uncompressed by the server, a large one is not', async (t) => {
    const { ask } = await setUp(t);
    const cacheOf = async (length: number) =>
      (await ask(handle({ permission: 'fleet.read' }, () => ({ text: 'x'.repeat(length) })))).headers.get('cache-control');
    assert.deepEqual([await cacheOf(100), await cacheOf(20_000)], ['no-store, no-transform', 'no-store']);
  });

  test('a known error keeps its code, status, words and fields', async (t) => {
    const { ask } = await setUp(t);
    const response = await ask(
      handle({ permission: 'fleet.read' }, () => {
        throw new HeadroomError('node.busy', 'edge-01 is busy', { fields: [{ path: 'a', message: 'b' }] });
      }),
    );
    assert.equal(response.status, 409);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    const { code, detail, errors } = await problem(response);
    assert.deepEqual([code, detail, errors], ['node.busy', 'edge-01 is busy', [{ path: 'a', message: 'b' }]]);
  });

  test('an unknown error shows an id and nothing of itself', async (t) => {
    const { ask } = await setUp(t);
    const response = await ask(
      handle({ permission: 'fleet.read' }, () => {
        throw new Error('password hunter2');
      }),
    );
    const text = await response.text();
    assert.equal(response.status, 500);
    assert.match(text, /err_[0-9a-z]{19}/);
    assert.doesNotMatch(text, /hunter2|\.ts/);
  });

  test('what hangs is answered before ten seconds', async (t) => {
    const { ask } = await setUp(t);
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let asked = () => {};
    const running = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const pending = ask(handle({ permission: 'fleet.read' }, () => new Promise(asked)));
    await running;
    t.mock.timers.tick(9500);
    assert.equal((await problem(await pending)).code, 'server.timeout');
  });

  test('a console that is starting or stopping says so', async (t) => {
    const { ask } = await setUp(t);
    setRuntime(undefined);
    const response = await ask(handle({ permission: 'fleet.read' }, () => 1));
    assert.deepEqual([response.status, (await problem(response)).code], [503, 'server.unavailable']);
    assert.ok(response.headers.get('retry-after'));
  });

  test('with a session, another site cannot change anything; with a token it is no matter', async (t) => {
    const { runtime, ask } = await setUp(t, { HEADROOM_ADMIN_EMAIL: 'ada@example.com', HEADROOM_ADMIN_PASSWORD: 'correct horse battery' });
    await runtime.access.prepare();
    const { cookies } = await runtime.access.signIn({ email: 'ada@example.com', password: 'correct horse battery' }, new Headers(), '');
    const cookie = cookies[0]?.split(';')[0] ?? '';
    const handler = handle({ permission: 'node.write' }, () => 'done');
    const post = (headers: Record<string, string>) =>
      handler(new Request('http://127.0.0.1:3000/api/v1/x', { method: 'POST', headers }), { params: Promise.resolve({}) });

    assert.equal((await post({ cookie, origin: 'http://127.0.0.1:3000' })).status, 200);
    assert.equal((await post({ cookie, 'sec-fetch-site': 'same-origin' })).status, 200);
    assert.equal((await post({ cookie, host: 'localhost:3000', origin: 'http://localhost:3000' })).status, 200);
    const rebound = { host: 'evil.example:3000', origin: 'http://evil.example:3000' };
    for (const headers of [rebound, { origin: 'http://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }])
      assert.equal((await problem(await post({ cookie, ...headers }))).code, 'auth.bad-origin', JSON.stringify(headers));
    assert.equal((await ask(handler, { method: 'POST', headers: { origin: 'http://evil.example' } })).status, 200);
  });

  test('an Idempotency-Key that is none is refused', async (t) => {
    const { ask } = await setUp(t);
    const handler = handle({ permission: 'node.write' }, ({ idempotencyKey }) => idempotencyKey);
    assert.equal(await (await ask(handler, { method: 'POST', headers: { 'idempotency-key': 'k-1' } })).json(), 'k-1');
    const response = await ask(handler, { method: 'POST', headers: { 'idempotency-key': 'a b' } });
    assert.equal((await problem(response)).code, 'request.invalid');
  });
});
