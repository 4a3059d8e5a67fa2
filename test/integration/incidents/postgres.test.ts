import assert from 'node:assert/strict';
import { test } from 'node:test';
import { programs, startPostgres } from '#test/support/real-servers.ts';
import { calm, leaking, OPERATOR, rig } from './rig.ts';

const bin = programs.postgres();
const skip = bin ? false : 'PostgreSQL is not installed';

test('on PostgreSQL an incident lives as it does on a file: grouped, split, merged, kept, told and closed', {
  skip,
  timeout: 120_000,
}, async (t) => {
  const server = await startPostgres(bin ?? '');
  // hooks run in order: consoles end before their database does
  const r = await rig(t, ['edge-01', 'own-02'], server.url);
  t.after(() => server.stop());
  for (const name of ['edge-01', 'own-02']) r.set(name, leaking());
  await r.pass(3);
  const [first, ...more] = (await r.incidents.list({ status: 'open', node: r.idOf('edge-01') })).incidents;
  assert.ok(first && more.length === 0);
  assert.deepEqual([first.number, first.title, first.signalCount], [1, '2 nodes leak file descriptors', 4]);
  await r.command(OPERATOR, r.incidents.verbs.acknowledge, { id: first.id });
  const other = await r.command(OPERATOR, r.incidents.verbs.split, { id: first.id, nodeIds: [r.idOf('own-02')] });
  await r.command(OPERATOR, r.incidents.verbs.merge, { id: first.id, incidentId: other.id });
  const whole = await r.incidents.get(first.id);
  assert.deepEqual([whole.captures.length, whole.signals.length, whole.timeline[0]?.text], [2, 4, 'Incident opened']);
  assert.match((await r.incidents.postmortem(first.id, 'inside')).files['postmortem.md'] ?? '', /# INC-1: 2 nodes leak file descriptors/);
  for (const name of ['edge-01', 'own-02']) r.set(name, calm);
  await r.pass(18);
  assert.deepEqual((await r.incidents.get(first.id)).closed, { by: 'evidence', reason: 'nothing fires any more on its 2 nodes' });
});
