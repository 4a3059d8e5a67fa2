import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { createWorkers } from '#server/workers/index.ts';
import { testDatabase } from '#test/support/database.ts';
import { registerNode } from '#test/support/ssh-client.ts';

/** `db`, whose transactions wait at `gate.closed`. */
function gated(db: Db, gate: { closed: Promise<void> | null; waiting: number }): Db {
  const transaction = () => ({
    execute: async (work: Parameters<ReturnType<Db['transaction']>['execute']>[0]) => {
      gate.waiting++;
      await gate.closed;
      return db.transaction().execute(work);
    },
  });
  return new Proxy(db, {
    get: (target, key) => {
      const value: unknown = key === 'transaction' ? transaction : Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function soon(what: string, probe: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !probe(); i++) await turn();
  assert.ok(probe(), what);
}

test('a worker whose word to the database hangs gives its nodes up when the others count it as dead, and takes them again after', async (t) => {
  let now = 1000;
  t.mock.method(performance, 'now', () => now);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let beatNow = () => {};
  const sleep: Clock['sleep'] = (_ms, signal) =>
    new Promise((resolve) => {
      beatNow = resolve;
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  const db = await testDatabase(t);
  await registerNode(db, 'n_1');
  // on PostgreSQL only there are several
  const workersTable = db.schema.createTable('workers').addColumn('id', 'text', (column) => column.primaryKey());
  for (const statement of [
    workersTable
      .addColumn('name', 'text')
      .addColumn('startedAt', 'integer')
      .addColumn('seenAt', 'integer')
      .addColumn('aliveUntil', 'integer'),
    db.schema
      .createTable('scrapeOwners')
      .addColumn('nodeId', 'text', (column) => column.primaryKey())
      .addColumn('workerId', 'text'),
  ])
    await statement.execute();
  const gate = { closed: null as Promise<void> | null, waiting: 0 };
  const workers = createWorkers({ db: gated(db, gate), clock: { now: Date.now, sleep }, log: pino({ level: 'silent' }), works: true });
  let changes = 0;
  workers.onChange(() => changes++);
  await workers.start();
  assert.deepEqual([workers.owns('n_1'), workers.leads(), changes], [true, true, 1]);

  let open = () => {};
  gate.closed = new Promise((resolve) => {
    open = resolve;
  });
  beatNow();
  await soon('the next word is under way', () => gate.waiting === 2);
  now += 7999;
  assert.ok(workers.owns('n_1'));
  now += 2;
  assert.deepEqual([workers.owns('n_1'), workers.leads()], [false, false]);
  t.mock.timers.tick(8001);
  assert.deepEqual([changes, workers.nodes().size], [2, 0], 'who reads it is told to stop');

  gate.closed = null;
  open();
  await soon('what the late word says counts', () => workers.nodes().size === 1);
  assert.equal(changes, 3, 'who reads it is told to go on');
  await workers.stop();
});
