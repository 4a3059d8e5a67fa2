import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { holdLock, openDatabase, openSqlite } from '#server/db/index.ts';
import { migrate } from '#server/db/migrate.ts';
import { testDatabase } from '#test/support/database.ts';

const tempDir = (t: { after(fn: () => void): void }) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'db-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};

describe('migrations', () => {
  test('are recorded, and are not done again at the next start', (t) => {
    const database = openSqlite(path.join(tempDir(t), 'a.db'));
    t.after(() => database.close());
    const first = { name: '1', sql: 'CREATE TABLE a (x TEXT) STRICT', postgres: '' };
    const second = { name: '2', sql: 'CREATE TABLE b (x TEXT) STRICT; CREATE TABLE c (x TEXT) STRICT', postgres: '' };
    assert.deepEqual(migrate(database, [first]), ['1']);
    assert.deepEqual(migrate(database, [first, second]), ['2']);
    assert.deepEqual(migrate(database, [first, second]), []);
  });

  test('leave nothing of themselves when one fails', (t) => {
    const database = openSqlite(path.join(tempDir(t), 'a.db'));
    t.after(() => database.close());
    assert.throws(() => migrate(database, [{ name: '1', sql: 'CREATE TABLE a (x TEXT) STRICT; CREATE NONSENSE', postgres: '' }]));
    assert.equal(database.prepare("SELECT count(*) AS n FROM sqlite_master WHERE name = 'a'").get()?.n, 0);
  });

  test('of a newer version stop an older console', (t) => {
    const database = openSqlite(path.join(tempDir(t), 'a.db'));
    t.after(() => database.close());
    migrate(database, [{ name: '9-future', sql: 'CREATE TABLE a (x TEXT) STRICT', postgres: '' }]);
    assert.throws(() => migrate(database, []), /written by a newer Headroom \(it has 9-future\)/);
  });
});

describe('database', () => {
  test('a transaction that fails leaves nothing', async (t) => {
    const db = await testDatabase(t);
    const insert = db.transaction().execute(async (tx) => {
      await tx.insertInto('settings').values({ key: 'a', value: '1', updatedAt: 1 }).execute();
      throw new Error('no');
    });
    await assert.rejects(insert, /no/);
    assert.deepEqual(await db.selectFrom('settings').selectAll().execute(), []);
  });

  test('what was written is there after a restart', async (t) => {
    const file = path.join(tempDir(t), 'a.db');
    const first = await openDatabase({ file });
    await first.insertInto('settings').values({ key: 'a', value: '1', updatedAt: 1 }).execute();
    await first.destroy();
    const second = await openDatabase({ file });
    t.after(() => second.destroy());
    assert.equal((await second.selectFrom('settings').selectAll().executeTakeFirst())?.value, '1');
  });

  test('the data directory belongs to one console at a time', (t) => {
    const file = path.join(tempDir(t), 'lock');
    const held = holdLock(file, 10);
    assert.ok(held);
    assert.equal(holdLock(file, 10), null);
    held.release();
    const again = holdLock(file, 10);
    assert.ok(again);
    again.release();
  });
});
