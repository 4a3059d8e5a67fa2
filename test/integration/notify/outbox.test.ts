import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claim, delivered, dueOf, failed, released } from '#server/notify/outbox.ts';
import { SendFailure } from '#server/notify/reach.ts';
import { testConsole } from '#test/support/console.ts';
import { until } from '#test/support/until.ts';
import { ADMIN, alertOf, say, sink, webhookTo } from './rig.ts';

describe('the outbox', () => {
  test('a change is told once, however often it is said; no change tells nobody', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const { got, url } = await sink(t);
    await webhookTo(runtime, url);
    for (let i = 0; i < 5; i++) await say(runtime, alertOf({ text: `seen ${i} times` }));
    await say(runtime, alertOf({ severity: 'warning' }));
    await say(runtime, alertOf({ state: 'resolved', endsAt: Date.now() }));
    await say(runtime, alertOf({ state: 'resolved', endsAt: Date.now() }));
    await say(runtime, alertOf());
    await until('firing, resolved, firing anew', () => got.length >= 3);
    assert.deepEqual(
      got.map(({ body }) => JSON.parse(body).type),
      ['alert.firing', 'alert.resolved', 'alert.firing'],
    );
    assert.equal((await runtime.notify.deliveries({ limit: 50 })).length, 3);
  });

  test('a change that is rolled back is told to nobody', async (t) => {
    const { runtime } = await testConsole(t);
    const { url } = await sink(t);
    await webhookTo(runtime, url);
    const work = runtime.db.transaction().execute(async (tx) => {
      await runtime.notify.note(tx, alertOf());
      throw new Error('no');
    });
    await assert.rejects(work);
    assert.deepEqual(await runtime.notify.deliveries({ limit: 50 }), []);
    assert.deepEqual(await runtime.notify.alerts(), []);
  });

  test('receivers that hang, answer 500 or reset hold nobody else up, and get it when they are well, in order, with the same id', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const good = await sink(t);
    const hanging = await sink(t, () => undefined);
    const failing = await sink(t, (_, response) => response.writeHead(500).end('out of order'));
    const resetting = await sink(t, (_, response) => response.destroy());
    await webhookTo(runtime, hanging.url, 'hanging');
    await webhookTo(runtime, failing.url, 'failing');
    await webhookTo(runtime, resetting.url, 'resetting');
    await webhookTo(runtime, good.url, 'good');
    for (let i = 0; i < 6; i++) await say(runtime, alertOf({ key: `incident:in_${i}` }));
    await until('all six at the good one', () => good.got.length === 6, { timeoutMs: 5000 });
    await say(runtime, alertOf({ key: 'incident:in_0', state: 'resolved', endsAt: Date.now() }));
    await until('its end there, too', () => good.got.length === 7, { timeoutMs: 5000 });
    await until('a first refusal', () => failing.got.length >= 2 && resetting.got.length >= 2);
    const waiting = await runtime.notify.deliveries({ limit: 50, state: 'pending' });
    assert.match(waiting.find((d) => d.channel === 'failing' && d.attempts > 0)?.answer ?? '', /answered 500: out of order/);
    assert.match(waiting.find((d) => d.channel === 'resetting' && d.attempts > 0)?.answer ?? '', /closed the connection without an answer/);

    for (const one of [failing, resetting]) one.state.answer = (_, response) => response.writeHead(204).end();
    const before = failing.got.length;
    await until('seven each', async () => {
      for (const d of await runtime.notify.deliveries({ limit: 50, state: 'pending' }))
        if (d.channel !== 'hanging') await runtime.command(ADMIN, runtime.notify.verbs.retryDelivery, { id: d.id });
      return (await runtime.notify.deliveries({ limit: 50, state: 'delivered' })).length === 21;
    });
    const said = failing.got.slice(before).filter(({ body }) => JSON.parse(body).data.key === 'incident:in_0');
    assert.deepEqual(
      said.map(({ body }) => JSON.parse(body).type),
      ['alert.firing', 'alert.resolved'],
    );
    const ids = failing.got.filter(({ body }) => JSON.parse(body).data.key === 'incident:in_3').map(({ headers }) => headers['webhook-id']);
    assert.ok(ids.length >= 2 && new Set(ids).size === 1, `${ids.length} attempts, ${new Set(ids).size} ids`);
  });

  test('what no retry makes better is given up with its reason, and sent when somebody asks for it again', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const gone = await sink(t, (_, response) => response.writeHead(410).end('no such hook'));
    const moved = await sink(t, (_, response) => response.writeHead(302, { location: gone.url }).end());
    await webhookTo(runtime, gone.url, 'gone');
    await webhookTo(runtime, moved.url, 'moved');
    await say(runtime, alertOf());
    const dead = await until('both given up', async () => {
      const list = await runtime.notify.deliveries({ limit: 50, state: 'dead' });
      return list.length === 2 ? list : null;
    });
    assert.match(dead.find((d) => d.channel === 'gone')?.answer ?? '', /answered 410: no such hook/);
    assert.match(dead.find((d) => d.channel === 'moved')?.answer ?? '', /answered 302.*redirect is not followed/);
    assert.equal(gone.got.length, 1);
    assert.deepEqual(
      (await runtime.notify.channels()).map((c) => c.dead),
      [1, 1],
    );
    gone.state.answer = (_, response) => response.writeHead(200).end();
    const id = dead.find((d) => d.channel === 'gone')?.id ?? '';
    await runtime.command(ADMIN, runtime.notify.verbs.retryDelivery, { id });
    await until('delivered', async () => (await runtime.notify.deliveries({ limit: 50, state: 'delivered' })).length === 1);
    assert.equal(gone.got[1]?.headers['webhook-id'], gone.got[0]?.headers['webhook-id']);
    await assert.rejects(runtime.command(ADMIN, runtime.notify.verbs.retryDelivery, { id }), { code: 'delivery.wrong-state' });
  });

  test('whose lease ran out neither undoes the delivery of who took it up, nor takes its lease', async (t) => {
    const { runtime } = await testConsole(t);
    const { url } = await sink(t);
    const channel = await webhookTo(runtime, url);
    await say(runtime, alertOf());
    const { db } = runtime;
    const [due] = await dueOf(db, channel, Date.now(), 1);
    assert.ok(due);
    const refused = new SendFailure('answered 500', { again: true });
    const now = Date.now();
    const late = await claim(db, due.id, now);
    assert.ok(late);
    assert.equal(await claim(db, due.id, now), null, 'it is held');
    const holder = await claim(db, due.id, late);
    assert.ok(holder);
    assert.equal(await failed(db, due, late, refused, late), 'lost');
    await released(db, due.id, late);
    assert.equal(await claim(db, due.id, late), null, 'it is still held by the second');
    await delivered(db, due.id, 'answered 200', late);
    assert.equal(await failed(db, due, holder, refused, late), 'lost');
    const states = (await runtime.notify.deliveries({ limit: 5 })).map(({ state, answer, attempts }) => [state, answer, attempts]);
    assert.deepEqual(states, [['delivered', 'answered 200', 2]]);
  });

  test('Retry-After is waited for', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const busy = await sink(t, (_, response) => response.writeHead(429, { 'retry-after': '120' }).end());
    await webhookTo(runtime, busy.url);
    await say(runtime, alertOf());
    const [waiting] = await until('a refusal', async () => {
      const list = await runtime.notify.deliveries({ limit: 5, state: 'pending' });
      return list[0]?.attempts === 1 && list[0].answer !== null ? list : null;
    });
    const seconds = (Date.parse(waiting?.nextAt ?? '') - Date.now()) / 1000;
    assert.ok(seconds > 110 && seconds <= 121, `${seconds} s`);
  });

  test('a route takes severities, rules and nodes; an end is told to whoever heard of the beginning', async (t) => {
    const { runtime } = await testConsole(t);
    runtime.notify.start();
    const names = ['all', 'warnings', 'down', 'edge', 'core'];
    const routes = [
      {},
      { severities: ['warning' as const] },
      { rules: ['node-down'] },
      { selector: 'group=edge' },
      { selector: 'group=core' },
    ];
    const sinks = await Promise.all(names.map(() => sink(t)));
    for (const [i, route] of routes.entries()) await webhookTo(runtime, sinks[i]?.url ?? '', names[i] ?? '', { route });
    await say(runtime, alertOf());
    await say(runtime, alertOf({ state: 'resolved', severity: 'warning', endsAt: Date.now(), signals: [] }));
    await until('both', () => sinks[0]?.got.length === 2 && sinks[3]?.got.length === 2);
    assert.deepEqual(
      sinks.map(({ got }) => got.length),
      [2, 0, 0, 2, 0],
    );
  });
});
