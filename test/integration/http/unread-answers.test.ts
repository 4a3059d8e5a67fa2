import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { handle } from '#app/api/_http/handle.ts';
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
