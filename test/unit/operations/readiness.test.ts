import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readReadiness } from '#server/readiness.ts';
import { testDatabase } from '#test/support/database.ts';

const room = (bytes: number) => async () => ({ bavail: bytes / 4096, bsize: 4096 });
const GIB = 2 ** 30;

describe('a console is ready', () => {
  test('when its database answers, there is room, somebody works and it is not about to stop; else it says which of them is missing', async (t) => {
    const db = await testDatabase(t);
    const well = { db, dataDir: '/', workers: () => 1, stopping: () => false, statfs: room(GIB) };
    const check = async (change: Partial<typeof well>) => {
      const { ready, checks } = await readReadiness({ ...well, ...change });
      const bad = Object.entries(checks).filter(([, words]) => words !== 'ok');
      assert.equal(ready, bad.length === 0);
      return bad.map(([name, words]) => `${name}: ${words}`);
    };
    assert.deepEqual(await check({}), []);
    assert.deepEqual(await check({ statfs: room(12 * 2 ** 20) }), ['disk: 12 MiB are free where the data is: 64 are needed']);
    assert.deepEqual(await check({ workers: () => 0 }), ['workers: none is alive: nodes are not read, runs do not go on']);
    assert.deepEqual(await check({ stopping: () => true }), ['process: it is stopping']);
    await db.insertInto('migrations').values({ name: '9999-future', appliedAt: 1 }).execute();
    assert.deepEqual(await check({}), ['database: a newer Headroom changed it (9999-future): start that version here, too']);
  });

  test('never with a database that is gone or does not answer, and says so in 2 s, without the words of the driver', async (t) => {
    const db = await testDatabase(t);
    await db.selectFrom('migrations').select('name').execute();
    await db.destroy();
    const begun = performance.now();
    const { ready, checks } = await readReadiness({
      db,
      dataDir: '/',
      workers: () => 1,
      stopping: () => false,
      statfs: () => new Promise(() => undefined),
    });
    assert.deepEqual([ready, checks.database, checks.disk], [false, 'it does not answer', 'it cannot be asked']);
    assert.ok(performance.now() - begun < 10_000);
  });
});
