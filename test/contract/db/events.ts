import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Db, openDatabase } from '#server/db/index.ts';
import { createSharedHub, type SharedHub } from '#server/events/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { createLog } from '#server/kernel/log.ts';
import { until } from '#test/support/until.ts';

const log = createLog({ level: 'silent', pretty: false });
const changed = (nodeId: string) => ({ type: 'node.changed' as const, nodeId });

async function startHub(t: TestContext, url: string): Promise<{ hub: SharedHub; db: Db; heard: { id: number; nodeId: string }[] }> {
  const db = await openDatabase({ url });
  const hub = createSharedHub({ db, url, clock: systemClock, log });
  const heard: { id: number; nodeId: string }[] = [];
  await hub.start();
  hub.subscribe((id, event) => event.type === 'node.changed' && heard.push({ id, nodeId: event.nodeId }));
  t.after(async () => {
    await hub.stop();
    await db.destroy();
  });
  return { hub, db, heard };
}

/** Events of several processes on one database. */
export function eventContract(makeDatabase: () => Promise<string>): void {
  describe('events of several processes', () => {
    test('every process tells all of them, in one order and under one id, while four of them publish at once', async (t) => {
      const url = await makeDatabase();
      const hubs = await Promise.all(Array.from({ length: 4 }, () => startHub(t, url)));
      const each = 50;
      await Promise.all(
        hubs.map(async ({ hub, db }, h) => {
          for (let i = 0; i < each; i++) {
            if (i % 2) hub.publish(changed(`${h}.${i}`));
            else {
              const tell = await db.transaction().execute((tx) => hub.within(tx, [changed(`${h}.${i}`)]));
              tell();
            }
          }
        }),
      );
      await until('all of them everywhere', () => hubs.every(({ heard }) => heard.length === hubs.length * each));
      const [first, ...others] = hubs.map(({ heard }) => heard);
      for (const heard of others) assert.deepEqual(heard, first);
      const ids = (first ?? []).map(({ id }) => id);
      assert.deepEqual(
        ids,
        [...new Set(ids)].sort((a, b) => a - b),
      );
    });

    test('of a transaction that fails nothing is told', async (t) => {
      const { hub, db, heard } = await startHub(t, await makeDatabase());
      const failing = db.transaction().execute(async (tx) => {
        await hub.within(tx, [changed('lost')]);
        throw new Error('no');
      });
      await assert.rejects(failing);
      hub.publish(changed('kept'));
      await until('the next one', () => heard.length > 0);
      assert.deepEqual(
        heard.map(({ nodeId }) => nodeId),
        ['kept'],
      );
    });

    test('who comes from another process goes on where it was, also at one that started later', async (t) => {
      const url = await makeDatabase();
      const one = await startHub(t, url);
      for (let i = 0; i < 20; i++) one.hub.publish(changed(`${i}`));
      await until('they are told', () => one.heard.length === 20);
      const since = one.heard[9]?.id ?? 0;
      const two = await startHub(t, url);
      await two.hub.reach(since);
      assert.ok(two.hub.holds(since));
      const got: string[] = [];
      two.hub.subscribe((_id, event) => event.type === 'node.changed' && got.push(event.nodeId), since);
      assert.deepEqual(
        got,
        Array.from({ length: 10 }, (_, i) => `${i + 10}`),
      );
      await two.hub.reach(since + 1_000_000);
      assert.ok(!two.hub.holds(since + 1_000_000), 'an id of no process is not held');
    });

    test('a question reaches the other processes and is kept nowhere', async (t) => {
      const url = await makeDatabase();
      const [one, two] = [await startHub(t, url), await startHub(t, url)];
      const asked: unknown[] = [];
      two.hub.onAsk((question) => asked.push(question));
      await until('it is asked', () => {
        one.hub.ask({ ask: 'nudge' });
        return asked.length > 0;
      });
      assert.deepEqual(asked[0], { ask: 'nudge' });
      assert.deepEqual(await one.db.selectFrom('events').selectAll().execute(), []);
    });
  });
}
