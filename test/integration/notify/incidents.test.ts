import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { addNode } from '#server/nodes/index.ts';
import { testConsole } from '#test/support/console.ts';
import { until } from '#test/support/until.ts';
import { ADMIN, sink, webhookTo } from './rig.ts';

async function withNode(t: TestContext) {
  const { runtime } = await testConsole(t);
  const receiver = await sink(t);
  await webhookTo(runtime, receiver.url);
  const node = {
    name: 'edge-01',
    host: '127.0.0.1',
    sshPort: 1,
    user: 'x',
    unit: 'sniproxy',
    configPath: '/etc/x.yaml',
    labels: { group: 'edge' },
  };
  const { id: nodeId } = await runtime.command(ADMIN, addNode, { ...node, metrics: { via: 'http', url: 'http://127.0.0.1:1/metrics' } });
  return { runtime, receiver, nodeId };
}

/** A rule that fires on the node, as the table of signals has it. */
async function signal(
  runtime: Awaited<ReturnType<typeof withNode>>['runtime'],
  nodeId: string,
  incidentId: string,
  rule: string,
  until: number | null = null,
) {
  const about = {
    id: `s_${rule}`,
    rule,
    nodeId,
    nodeName: 'edge-01',
    severity: 'warning',
    since: Date.now() - 1000,
    until,
    summary: 'leaks 62 fds/min',
    value: 62,
  };
  const row = {
    ...about,
    threshold: 0,
    ended: null,
    incidentId,
    evidence: '{"at":"2026-01-01T00:00:00.000Z","facts":[],"raw":null}',
    updatedAt: Date.now(),
  };
  await runtime.db.insertInto('signals').values(row).execute();
  await runtime.db.transaction().execute((tx) => runtime.notify.noteIncident(tx, incidentId));
}

describe('incidents and who is told of them', () => {
  test('declared, acknowledged, resolved and opened anew: each is told once, in the transaction that did it', async (t) => {
    const { runtime, receiver, nodeId } = await withNode(t);
    const { verbs } = runtime.incidents;
    const { id } = await runtime.command(ADMIN, verbs.declare, {
      title: 'Customers see resets',
      severity: 'critical',
      nodeIds: [nodeId],
    });
    assert.equal((await runtime.notify.deliveries({ limit: 9 })).length, 1, 'in the outbox before anything was sent');
    await runtime.command(ADMIN, verbs.acknowledge, { id });
    await runtime.command(ADMIN, verbs.resolve, { id, reason: 'a router' });
    await runtime.command(ADMIN, verbs.reopen, { id, reason: 'it was not' });
    runtime.notify.start();
    await until('all four', () => receiver.got.length === 4);
    const said = receiver.bodies();
    assert.deepEqual(
      said.map((b) => b.type),
      ['alert.firing', 'alert.acknowledged', 'alert.resolved', 'alert.firing'],
    );
    assert.match(said[0].data.title, /^INC-\d+ Customers see resets$/);
    assert.equal(said[1].data.by, 'ana');
    assert.match(said[2].data.text, /a router/);
  });

  test('a signal is an alert of its own with the labels of its node; a rule in shadow tells nobody, and what it had told is over', async (t) => {
    const { runtime, receiver, nodeId } = await withNode(t);
    const { verbs } = runtime.incidents;
    runtime.notify.start();
    const { id } = await runtime.command(ADMIN, verbs.declare, { title: 'A leak', severity: 'warning', nodeIds: [nodeId] });
    await runtime.db.updateTable('incidents').set({ declaredBy: 'rule leaking' }).execute();
    await signal(runtime, nodeId, id, 'leaking');
    const [alert] = await runtime.notify.alerts({ kind: 'signal' });
    assert.deepEqual(alert?.signals, [{ rule: 'leaking', nodeId, node: 'edge-01', labels: { group: 'edge' } }]);
    assert.equal(alert?.title, 'edge-01 leaks 62 fds/min');
    await runtime.command(ADMIN, runtime.notify.verbs.setRule, { rule: 'leaking', version: 0, mode: 'shadow' });
    await until('over', () => receiver.bodies().at(-1)?.type === 'alert.resolved');
    assert.match(receiver.bodies().at(-1).data.text, /in shadow or off now/);
    assert.deepEqual(await runtime.notify.alerts({ kind: 'signal' }), []);
    await signal(runtime, nodeId, id, 'close-wait');
    await until('told again: this rule is on', () => receiver.bodies().at(-1)?.type === 'alert.firing');
  });
});

describe('what is set for a rule', () => {
  test('holds for the evaluation at once, only from the version that was read, within its limits, and is in the audit with its reason', async (t) => {
    const { runtime } = await testConsole(t);
    const set = (input: object) => runtime.command(ADMIN, runtime.notify.verbs.setRule, input);
    const change = {
      rule: 'fds-high',
      version: 0,
      mode: 'on',
      thresholds: { threshold: 70, clear: 60 },
      reason: 'would have fired 47 min earlier',
    };
    await set(change);
    const now = (await runtime.notify.rules()).find((r) => r.rule === 'fds-high');
    assert.deepEqual(now?.numbers, { threshold: 70, clear: 60, forSeconds: 60, clearForSeconds: 300 });
    await assert.rejects(set(change), { code: 'request.precondition-failed' });
    for (const wrong of [{ threshold: 101 }, { clear: 75 }, { forSeconds: -1 }, { speed: 3 }])
      await assert.rejects(set({ ...change, version: 1, thresholds: wrong }), { code: 'request.invalid' }, JSON.stringify(wrong));
    await assert.rejects(set({ rule: 'node-down', version: 0, mode: 'on', thresholds: { threshold: 3 } }), { code: 'request.invalid' });
    await assert.rejects(set({ rule: 'nothing', version: 0, mode: 'on' }), { code: 'alert-rule.not-found' });
    const [entry] = await runtime.audit.list({ limit: 1 });
    assert.equal(entry?.action, 'alert-rule.set');
    assert.match(entry?.after ?? '', /47 min earlier/);
    assert.match(entry?.before ?? '', /"mode":"on"/);
  });
});
