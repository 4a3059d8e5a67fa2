import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAudit } from '#server/audit/index.ts';
import { testDatabase } from '#test/support/database.ts';

test('who is refused again and again does not fill the record, and it says that there was more; nobody else is left out', async (t) => {
  const audit = createAudit({ db: await testDatabase(t) });
  const refuse = (id: string, at: number) =>
    audit.record({ actor: { kind: 'user', id, name: id, role: 'viewer' }, action: 'POST /x', object: '-', result: 'refused', at });
  const rows = async (actor: string) => (await audit.list({ limit: 500, filter: { actor } })).length;
  for (let i = 0; i < 400; i++) await refuse('u_eve', 1000 + i);
  await refuse('u_ann', 1500);
  assert.deepEqual([await rows('u_eve'), await rows('u_ann')], [300, 1]);
  const [last] = await audit.list({ limit: 1, filter: { actor: 'u_eve' } });
  assert.match(last?.after ?? '', /further refusals/);
  assert.equal((await refuse('u_eve', 1600)).seq, last?.seq, 'the row that stands for it');
  await refuse('u_eve', 61_000);
  assert.equal(await rows('u_eve'), 301, 'the next minute is noted anew');
  assert.equal((await audit.verify()).problem, null);
});
