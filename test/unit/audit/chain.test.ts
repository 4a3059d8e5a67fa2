import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { type AuditEntry, createAudit } from '#server/audit/index.ts';
import { testDatabase } from '#test/support/database.ts';

const entry = (action: string): AuditEntry => ({
  actor: { kind: 'token', id: 't_1', name: 'ci', role: 'admin' },
  action,
  object: 'node:n_1',
  result: 'ok',
  before: { name: 'a' },
  after: { name: 'b' },
  at: 1000,
});

describe('audit', () => {
  test('each entry carries the hash of the one before it, and the chain verifies', async (t) => {
    const audit = createAudit({ db: await testDatabase(t) });
    for (const action of ['a', 'b', 'c']) await audit.record(entry(action));
    const [third, second, first] = await audit.list({ limit: 10 });
    assert.deepEqual([first?.prev, second?.prev, third?.prev], ['', first?.hash, second?.hash]);
    assert.deepEqual(await audit.verify(), { rows: 3, brokenAt: null });
  });

  test('an entry cannot be changed or deleted', async (t) => {
    const db = await testDatabase(t);
    await createAudit({ db }).record(entry('a'));
    await assert.rejects(db.updateTable('audit').set({ action: 'x' }).execute(), /append-only/);
    await assert.rejects(db.deleteFrom('audit').execute(), /append-only/);
  });

  for (const [what, damage] of [
    ['changed', "UPDATE audit SET action = 'x' WHERE seq = 2"],
    ['removed', 'DELETE FROM audit WHERE seq = 2'],
  ] as const)
    test(`an entry that was ${what} behind the console's back breaks the chain there`, async (t) => {
      const db = await testDatabase(t);
      const audit = createAudit({ db });
      for (const action of ['a', 'b', 'c']) await audit.record(entry(action));
      await sql`DROP TRIGGER audit_no_update`.execute(db);
      await sql`DROP TRIGGER audit_no_delete`.execute(db);
      await sql.raw(damage).execute(db);
      assert.equal((await audit.verify()).brokenAt, 2);
    });

  test('it is read in pages, newest first', async (t) => {
    const audit = createAudit({ db: await testDatabase(t) });
    for (const action of ['a', 'b', 'c']) await audit.record(entry(action));
    const page = await audit.list({ limit: 2 });
    assert.deepEqual(
      page.map((row) => row.action),
      ['c', 'b'],
    );
    assert.deepEqual(
      (await audit.list({ limit: 2, before: page.at(-1)?.seq })).map((row) => row.action),
      ['a'],
    );
  });
});
