import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pruneShadow } from '#server/incidents/judge.ts';
import { beginPass, endSignal, fireSignal, mergeInto, openIncident } from '#server/incidents/keep.ts';
import { testDatabase } from '#test/support/database.ts';

test('what a rule on trial fired goes a quarter of a year after its end; what is in an incident, or fires, stays', async (t) => {
  const db = await testDatabase(t);
  const evidence = { at: new Date(0).toISOString(), facts: [], raw: null };
  const fired = { rule: 'leaking' as const, value: 1, threshold: 0, words: 'leaks', evidence };
  const fire = (nodeId: string, shadow: boolean) =>
    db
      .transaction()
      .execute(async (tx) => (await fireSignal(tx, { ...fired, nodeId, nodeName: nodeId, shadow }, 1000, beginPass()))?.signal);
  const [trial, firing, real] = [await fire('trial', true), await fire('firing', true), await fire('real', false)];
  assert.ok(trial && firing && real);
  for (const signal of [trial, real]) await db.transaction().execute((tx) => endSignal(tx, signal, 'cleared', 2000, beginPass()));
  const kept = async () => (await db.selectFrom('signals').select('nodeId').orderBy('nodeId').execute()).map(({ nodeId }) => nodeId);
  await pruneShadow(db, 2000 + 90 * 86_400_000);
  assert.deepEqual(await kept(), ['firing', 'real', 'trial']);
  await pruneShadow(db, 2001 + 90 * 86_400_000);
  assert.deepEqual(await kept(), ['firing', 'real']);
});

test('a signal that ends after a person merged its incident is told where it is now', async (t) => {
  const db = await testDatabase(t);
  const node = { nodeId: 'n_1', nodeName: 'edge-01' };
  const evidence = { at: new Date(0).toISOString(), facts: [], raw: null };
  const fired = { ...node, rule: 'leaking' as const, value: 1, threshold: 0, words: 'leaks', evidence, shadow: false };
  const read = await db.transaction().execute((tx) => fireSignal(tx, fired, 1000, beginPass()));
  assert.ok(read?.signal.incidentId);
  const { signal } = read;
  const into = await db.transaction().execute(async (tx) => {
    const id = await openIncident(tx, { title: 'all of it', cause: 'by-hand', severity: 'info', by: 'ann', nodes: [] }, 2000);
    await mergeInto(tx, { from: signal.incidentId ?? '', into: id, by: 'ann', at: 2000 });
    return id;
  });
  assert.equal(await db.transaction().execute((tx) => endSignal(tx, signal, 'cleared', 3000, beginPass())), into);
  const told = await db.selectFrom('incidentEntries').select('incidentId').where('key', '=', `cleared:${signal.id}`).execute();
  assert.deepEqual(
    told.map(({ incidentId }) => incidentId),
    [into],
  );
});
