import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, openDatabase } from '#server/db/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { createLog } from '#server/kernel/log.ts';
import { createWorkers, type Workers } from '#server/workers/index.ts';
import { until } from '#test/support/until.ts';

const NODES = 40;
const log = createLog({ level: 'silent', pretty: false });

async function startWorker(t: TestContext, url: string): Promise<Workers & { db: Db }> {
  const db = await openDatabase({ url });
  const worker = createWorkers({ db, clock: systemClock, log, works: true });
  await worker.start();
  t.after(async () => {
    await worker.stop();
    await db.destroy();
  });
  return { ...worker, db };
}

async function addNodes(db: Db): Promise<string[]> {
  const ids = Array.from({ length: NODES }, (_, i) => `n_${i}`);
  const rest = {
    host: 'h',
    sshPort: 22,
    user: 'u',
    unit: 'u',
    configPath: '/c',
    metrics: '{"via":"none"}',
    labels: '{}',
    version: 1,
    createdAt: 1,
  };
  await db
    .insertInto('nodes')
    .values(ids.map((id) => ({ id, name: id, ...rest })))
    .execute();
  return ids;
}

/** Workers of several processes on one database. */
export function workerContract(makeDatabase: () => Promise<string>): void {
  describe('workers of several processes', () => {
    test('they share the nodes, two never read one, and what one leaves another one takes', async (t) => {
      const url = await makeDatabase();
      const first = await startWorker(t, url);
      const ids = await addNodes(first.db);
      await until('the only one has all', () => first.nodes().size === NODES);
      const workers: Workers[] = [first, await startWorker(t, url)];
      let twice = 0;
      const watching = new AbortController();
      const watch = (async () => {
        while (!watching.signal.aborted) {
          for (const id of ids) if (workers.filter((worker) => worker.owns(id)).length > 1) twice++;
          await sleep(5);
        }
      })();
      const [, second] = workers;
      assert.ok(second);
      await until('both have some, together all', () => second.nodes().size > 5 && first.nodes().size + second.nodes().size === NODES);
      assert.deepEqual([first.leads(), second.leads(), first.alive()], [true, false, 2]);
      await first.stop();
      workers.shift();
      await until('the other one has all, and leads', () => second.nodes().size === NODES && second.leads());
      watching.abort();
      await watch;
      assert.equal(twice, 0);
      assert.ok(second.counts(second.id));
      assert.ok(!second.counts('w_unknown'));
    });
  });
}
