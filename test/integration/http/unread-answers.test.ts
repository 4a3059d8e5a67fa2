import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { handle } from '#app/api/_http/handle.ts';
import { MOST_STREAMS } from '#app/api/_http/open-streams.ts';
import { GET as events } from '#app/api/v1/events/route.ts';
import { testConsole } from '#test/support/console.ts';

// Answers that the server never reads to their end, or that somebody in between might keep.

const nothing = { params: Promise.resolve({}) };

describe('answers that nobody reads', () => {
  test('asking for the head of the event stream leaves no listener behind', async (t) => {
    const { runtime, token } = await testConsole(t);
    const headers = { authorization: `Bearer ${await token('viewer')}` };
    const before = runtime.events.listeners();
    for (let i = 0; i < 20; i++) {
      const answer = await events(new Request('http://127.0.0.1/api/v1/events', { method: 'HEAD', headers }), nothing);
      assert.deepEqual([answer.status, answer.body, answer.headers.get('content-type')], [200, null, 'text/event-stream; charset=utf-8']);
    }
    assert.equal(runtime.events.listeners(), before);
  });

  test('one person holds so many event streams and no more; each that ends makes room, and others have theirs', async (t) => {
    const { runtime, token } = await testConsole(t);
    const open = (bearer: string) => {
      const leave = new AbortController();
      const headers = { authorization: `Bearer ${bearer}` };
      const asked = events(new Request('http://127.0.0.1/api/v1/events', { headers, signal: leave.signal }), nothing);
      return asked.then((answer) => ({ answer, leave }));
    };
    const before = runtime.events.listeners();
    const [greedy, other] = [await token('viewer'), await token('viewer')];
    const held = await Promise.all(Array.from({ length: MOST_STREAMS }, () => open(greedy)));
    assert.ok(held.every(({ answer }) => answer.status === 200));
    const { answer: over } = await open(greedy);
    assert.deepEqual([over.status, over.headers.get('retry-after')], [429, '5']);
    assert.match((await over.json()).detail, /has 64 event streams open, .*close some/);
    const beside = await open(other);
    assert.equal(beside.answer.status, 200);
    held[0]?.leave.abort();
    await held[1]?.answer.body?.cancel();
    const again = [await open(greedy), await open(greedy), await open(greedy)];
    assert.deepEqual(
      again.map(({ answer }) => answer.status),
      [200, 200, 429],
    );
    for (const { leave } of [...held, ...again, beside]) leave.abort();
    assert.equal(runtime.events.listeners(), before);
  });

  test('a stream that begins after the deadline is ended, not left open', async (t) => {
    const { token } = await testConsole(t);
    const headers = { authorization: `Bearer ${await token('viewer')}` };
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const begin = Promise.withResolvers<void>();
    const began = Promise.withResolvers<void>();
    const cancelled = Promise.withResolvers<void>();
    const slow = handle({ permission: 'fleet.read', on: 'any' }, async () => {
      began.resolve();
      await begin.promise;
      return new Response(new ReadableStream({ cancel: () => cancelled.resolve() }));
    });
    const answer = slow(new Request('http://127.0.0.1/x', { headers }), nothing);
    await began.promise;
    t.mock.timers.tick(9000);
    assert.equal((await answer).status, 504);
    begin.resolve();
    await cancelled.promise;
  });

  test('what a route does not say of keeping is that nobody keeps it', async (t) => {
    const { token } = await testConsole(t);
    const headers = { authorization: `Bearer ${await token('viewer')}` };
    const ask = handle({ permission: 'fleet.read', on: 'any', query: z.object({ own: z.string().optional() }) }, ({ query }) =>
      query.own === undefined ? new Response('private') : new Response('picture', { headers: { 'cache-control': query.own } }),
    );
    assert.equal((await ask(new Request('http://127.0.0.1/x', { headers }), nothing)).headers.get('cache-control'), 'no-store');
    const own = await ask(new Request('http://127.0.0.1/x?own=private', { headers }), nothing);
    assert.equal(own.headers.get('cache-control'), 'private');
  });
});
