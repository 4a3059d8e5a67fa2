import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { sql } from 'kysely';
import { type AuditEntry, createAudit } from '#server/audit/index.ts';
import { chainText } from '#shared/audit-chain.ts';
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

/** What seals the head of a chain, and what it has sealed. */
function sealedBox() {
  const secrets = new Map<string, string>();
  return {
    get: async (key: string) => secrets.get(key) ?? null,
    make: async (key: string, value: string) => secrets.set(key, secrets.get(key) ?? value).get(key) ?? value,
  };
}

describe('audit', () => {
  test('each entry carries the hash of the one before it, and the chain verifies', async (t) => {
    const audit = createAudit({ db: await testDatabase(t) });
    for (const action of ['a', 'b', 'c']) await audit.record(entry(action));
    const [third, second, first] = await audit.list({ limit: 10 });
    assert.deepEqual([first?.prev, second?.prev, third?.prev], ['', first?.hash, second?.hash]);
    assert.deepEqual(await audit.verify(), { rows: 3, head: `3:${third?.hash}`, brokenAt: null, problem: null });
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

  for (const [what, damage, words] of [
    ['rows cut off its end', ['DELETE FROM audit WHERE seq >= 3'], /row 4 was signed as the last one/],
    ['all of its rows gone', ['DELETE FROM audit'], /rows were cut off the end/],
    [
      'rows cut off and the signature taken away',
      ['DELETE FROM audit WHERE seq >= 3', "DELETE FROM settings WHERE key = 'audit.head'"],
      /taken away/,
    ],
    [
      'rows cut off and a signature made up',
      ['DELETE FROM audit WHERE seq >= 3', `UPDATE settings SET value = '{"seq":2,"hash":"x","mac":"bm8="}' WHERE key = 'audit.head'`],
      /not the console’s own/,
    ],
  ] as const)
    test(`${what}: found, though every row that is left follows from the one before`, async (t) => {
      const db = await testDatabase(t);
      const sealed = sealedBox();
      const audit = createAudit({ db, sealed });
      await audit.prepare(0);
      for (const action of ['a', 'b', 'c', 'd']) await audit.record(entry(action));
      assert.deepEqual([(await audit.verify()).rows, (await audit.verify()).problem], [4, null]);
      await sql`DROP TRIGGER audit_no_delete`.execute(db);
      for (const one of damage) await sql.raw(one).execute(db);
      assert.match((await audit.verify()).problem ?? '', words);
      // A console that starts on it finds it too: the key is the same.
      const later = createAudit({ db, sealed });
      await later.prepare(1);
      assert.match((await later.verify()).problem ?? '', words);
    });

  test('a last row that was written anew, with a hash that fits it, is not the one that was signed', async (t) => {
    const db = await testDatabase(t);
    const audit = createAudit({ db, sealed: sealedBox() });
    await audit.prepare(0);
    for (const action of ['a', 'b', 'c']) await audit.record(entry(action));
    const [last] = await audit.list({ limit: 1 });
    if (!last) throw new Error('there is no row');
    const action = 'x';
    const hash = createHash('sha256')
      .update(chainText({ ...last, action }))
      .digest('hex');
    await sql`DROP TRIGGER audit_no_update`.execute(db);
    await db.updateTable('audit').set({ action, hash }).where('seq', '=', last.seq).execute();
    assert.match((await audit.verify()).problem ?? '', /row 3 is not the one that was signed/);
  });

  test('of more rows than one reading takes each is read once, and the first that is wrong is found', async (t) => {
    const db = await testDatabase(t);
    const audit = createAudit({ db });
    await db.transaction().execute(async (tx) => {
      for (let i = 1; i <= 1050; i++) await audit.append(tx, entry(`a${i}`));
    });
    const seqs: number[] = [];
    for await (const page of audit.all()) seqs.push(...page.map(({ seq }) => seq));
    assert.deepEqual(
      seqs,
      Array.from({ length: 1050 }, (_, i) => i + 1),
    );
    assert.deepEqual([(await audit.verify()).rows, (await audit.verify()).brokenAt], [1050, null]);
    await sql`DROP TRIGGER audit_no_update`.execute(db);
    await db.updateTable('audit').set({ object: 'x' }).where('seq', 'in', [1001, 1040]).execute();
    assert.equal((await audit.verify()).brokenAt, 1001);
  });

  test('is prepared once: the first key goes on to sign', async (t) => {
    const db = await testDatabase(t);
    const audit = createAudit({ db, sealed: { get: async () => null, make: async (_key, value) => value } });
    await audit.prepare(0);
    await audit.record(entry('a'));
    await audit.prepare(1);
    assert.deepEqual([(await audit.verify()).problem, (await audit.verify()).rows], [null, 1]);
  });

  test('a new key over rows that are there already is an entry of its own', async (t) => {
    const db = await testDatabase(t);
    await createAudit({ db }).record(entry('a'));
    const audit = createAudit({ db, sealed: { get: async () => null, make: async (_key, value) => value } });
    await audit.prepare(5);
    const [last] = await audit.list({ limit: 1 });
    assert.deepEqual([last?.action, last?.after], ['audit.signed-anew', '{"rows":1}']);
    assert.equal((await audit.verify()).problem, null);
  });

  test('it is filtered by who, what, on which object, with which result and when; the signs of patterns are none', async (t) => {
    const db = await testDatabase(t);
    const audit = createAudit({ db });
    const other = { kind: 'user', id: 'u_1', name: 'Ada 100%', role: 'admin' } as const;
    await audit.record(entry('node.add'));
    await audit.record({ ...entry('run.start'), actor: other, object: 'run:r_1', result: 'refused', at: 2000 });
    await audit.record({ ...entry('run.abort'), actor: other, object: 'run:r_2', at: 3000 });
    const found = async (filter: Parameters<typeof audit.all>[0]) =>
      (await audit.list({ limit: 10, ...(filter && { filter }) })).map(({ action }) => action).reverse();
    assert.deepEqual(await found({ actor: 'ada' }), ['run.start', 'run.abort']);
    assert.deepEqual(await found({ actor: 't_1' }), ['node.add']);
    assert.deepEqual(await found({ action: 'run.' }), ['run.start', 'run.abort']);
    assert.deepEqual(await found({ object: 'run:r_2' }), ['run.abort']);
    assert.deepEqual(await found({ result: 'refused' }), ['run.start']);
    assert.deepEqual(await found({ from: 2000, to: 3000 }), ['run.start']);
    assert.deepEqual(await found({ action: '%' }), await found({ action: '_' }));
    assert.deepEqual(await found({ actor: '0%' }), ['run.start', 'run.abort']);
    assert.deepEqual(await found({ object: "run:' OR 1=1 --" }), []);
  });

  test('who sees few of its rows gets full pages, in order, each row once', async (t) => {
    const db = await testDatabase(t);
    const audit = createAudit({ db });
    for (let i = 1; i <= 40; i++) await audit.record(entry(`a${i}`));
    const view = (row: { seq: number }) => row.seq % 7 === 0;
    const seqs: number[] = [];
    for (let before: number | undefined, pages = 0; pages < 10; pages++) {
      const page = await audit.page({ limit: 2, before, filter: {}, view: (row) => (view(row) ? row : null) });
      seqs.push(...page.rows.map(({ seq }) => seq));
      assert.equal(page.rows.length, page.next === null ? 1 : 2);
      if (page.next === null) break;
      before = page.next;
    }
    assert.deepEqual(seqs, [35, 28, 21, 14, 7]);
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
