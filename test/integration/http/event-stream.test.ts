import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventStream } from '#app/api/_http/event-stream.ts';
import { createEventHub } from '#server/events/index.ts';
import { until } from '#test/support/until.ts';

const changed = (nodeId: string) => ({ type: 'node.changed' as const, nodeId });

function open(hub: ReturnType<typeof createEventHub>, headers: Record<string, string> = {}, allowed = async () => true) {
  const abort = new AbortController();
  const response = eventStream(hub, new Request('http://127.0.0.1/api/v1/events', { headers, signal: abort.signal }), allowed);
  const got = { text: '', ended: false };
  const reading = (async () => {
    const decoder = new TextDecoder();
    if (response.body) for await (const chunk of response.body) got.text += decoder.decode(chunk, { stream: true });
    got.ended = true;
  })();
  return { response, got, reading, abort };
}

describe('event stream', () => {
  test('carries each event with its id, unbuffered and uncached', async () => {
    const hub = createEventHub();
    const { response, got, abort, reading } = open(hub);
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    assert.equal(response.headers.get('x-accel-buffering'), 'no');
    assert.match(response.headers.get('cache-control') ?? '', /no-store, no-transform/);
    hub.publish(changed('a'));
    await until('the event', () => got.text.includes('id: 1\ndata: {"type":"node.changed","nodeId":"a"}\n\n'));
    abort.abort();
    await reading;
  });

  test('after Last-Event-ID what was missed comes first', async () => {
    const hub = createEventHub();
    for (const id of ['a', 'b', 'c']) hub.publish(changed(id));
    const { got, abort, reading } = open(hub, { 'last-event-id': '1' });
    await until('both events', () => got.text.includes('"c"'));
    assert.deepEqual(
      [...got.text.matchAll(/^id: (\d+)$/gm)].map((match) => match[1]),
      ['2', '3'],
    );
    abort.abort();
    await reading;
  });

  test('an id of another life of the console gets a reset, to reload what is shown', async () => {
    const hub = createEventHub();
    const { got, abort, reading } = open(hub, { 'last-event-id': '900' });
    await until('the reset', () => got.text.includes('event: reset\ndata: {}\n\n'));
    abort.abort();
    await reading;
  });

  test('a silent stream is kept alive by pings', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { got, abort, reading } = open(createEventHub());
    t.mock.timers.tick(15_000);
    await until('a ping', () => got.text.includes(': ping\n\n'));
    abort.abort();
    await reading;
  });

  test('who leaves is forgotten at once', async () => {
    const hub = createEventHub();
    const { abort, reading, got } = open(hub);
    assert.equal(hub.listeners(), 1);
    abort.abort();
    await reading;
    assert.deepEqual([hub.listeners(), got.ended], [0, true]);
  });

  test('who stops reading is cut off, and does not fill the memory', () => {
    const hub = createEventHub();
    eventStream(hub, new Request('http://127.0.0.1/api/v1/events'), async () => true);
    for (let i = 0; i < 30_000 && hub.listeners() > 0; i++) hub.publish(changed('x'.repeat(100)));
    assert.equal(hub.listeners(), 0);
  });

  test('a replay that is more than it takes is cut off, and leaves nothing behind', () => {
    const hub = createEventHub();
    for (let i = 0; i < 2000; i++) hub.publish(changed('x'.repeat(4000)));
    eventStream(hub, new Request('http://127.0.0.1/api/v1/events', { headers: { 'last-event-id': '1' } }), async () => true);
    assert.equal(hub.listeners(), 0);
  });

  test('ends when its session or token is no longer good', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const hub = createEventHub();
    const { reading } = open(hub, {}, async () => false);
    t.mock.timers.tick(15_000);
    await reading;
    assert.equal(hub.listeners(), 0);
  });
});
