import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { addNode, createNodes, removeNode, updateNode } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { testDatabase } from '#test/support/database.ts';

const ADMIN: Actor = { kind: 'token', id: 't', name: 'admin', role: 'admin' };
const node = (name: string, labels: Record<string, string> = {}) => nodeInputSchema.parse({ name, host: '127.0.0.1', user: 'sre', labels });
const withCode = (code: string) => (error: unknown) => isHeadroomError(error) && error.code === code;

async function setUp(t: TestContext) {
  const db = await testDatabase(t);
  const command = createCommand({ db, audit: createAudit({ db }), events: createEventHub(), clock: systemClock });
  return { db, nodes: createNodes({ db }), add: (name: string, labels = {}) => command(ADMIN, addNode, node(name, labels)), command };
}

describe('node registry', () => {
  test('an added node is there as it was described, at version 1', async (t) => {
    const { nodes, add } = await setUp(t);
    const added = await add('edge-01', { group: 'edge' });
    assert.deepEqual(await nodes.get(added.id), added);
    assert.deepEqual([added.version, added.labels, added.sshPort], [1, { group: 'edge' }, 22]);
  });

  test('a name belongs to one node', async (t) => {
    const { add, command } = await setUp(t);
    await add('edge-01');
    const other = await add('edge-02');
    await assert.rejects(add('edge-01'), withCode('node.name-taken'));
    await assert.rejects(command(ADMIN, updateNode, { id: other.id, version: 1, node: node('edge-01') }), withCode('node.name-taken'));
  });

  test('who changes or removes must have seen the version that is there', async (t) => {
    const { nodes, add, command } = await setUp(t);
    const { id } = await add('edge-01');
    const changed = await command(ADMIN, updateNode, { id, version: 1, node: node('edge-01', { zone: 'eu' }) });
    assert.deepEqual([changed.version, changed.labels], [2, { zone: 'eu' }]);
    await assert.rejects(command(ADMIN, updateNode, { id, version: 1, node: node('edge-01') }), withCode('request.precondition-failed'));
    await assert.rejects(command(ADMIN, removeNode, { id, version: 1 }), withCode('request.precondition-failed'));
    await command(ADMIN, removeNode, { id, version: 2 });
    await assert.rejects(nodes.get(id), withCode('node.not-found'));
  });

  test('while a run changes a node, nobody points it elsewhere or removes it; its labels may change', async (t) => {
    const { nodes, add, command, db } = await setUp(t);
    const { id } = await add('edge-01');
    await db.executeQuery(sql`PRAGMA foreign_keys = OFF`.compile(db));
    await db.insertInto('runLocks').values({ nodeId: id, runId: 'r_1' }).execute();
    const ways = [{ transport: 'openssh' as const }, { transport: 'openssh' as const, proxyJump: 'sre@bastion:22' }];
    for (const change of [
      { host: '10.0.0.9' },
      { sshPort: 2222 },
      { user: 'root' },
      { unit: 'other' },
      { configPath: '/tmp/c.yaml' },
      ...ways,
    ])
      await assert.rejects(command(ADMIN, updateNode, { id, version: 1, node: { ...node('edge-01'), ...change } }), withCode('node.busy'));
    await assert.rejects(command(ADMIN, removeNode, { id, version: 1 }), withCode('node.busy'));
    await command(ADMIN, updateNode, { id, version: 1, node: node('edge-01', { zone: 'eu' }) });
    assert.equal((await nodes.get(id)).labels.zone, 'eu');
    await db.deleteFrom('runLocks').execute();
    await command(ADMIN, removeNode, { id, version: 2 });
  });

  test('a selector finds by name, label and fact, and a wrong one is refused with words', async (t) => {
    const { nodes, add } = await setUp(t);
    await add('web-01', { group: 'edge' });
    await add('db-01', { group: 'core' });
    const names = async (selector: string) =>
      (await nodes.match(selector, (member) => ({ pool: member.name === 'web-01' ? 'on' : 'off' }))).map((member) => member.name);
    assert.deepEqual(await names('*'), ['db-01', 'web-01']);
    assert.deepEqual(await names('group=edge'), ['web-01']);
    assert.deepEqual(await names('pool=off !name~web-*'), ['db-01']);
    assert.deepEqual(await names('name=none'), []);
    await assert.rejects(nodes.match('(('), (error) => withCode('selector.invalid')(error) && /position 1/.test(String(error)));
  });

  test('listeners hear of every change of the registry, and of nothing else', async (t) => {
    const { nodes, add, command } = await setUp(t);
    let heard = 0;
    nodes.onChange(() => heard++);
    const { id } = await add('edge-01');
    await nodes.refresh();
    await nodes.refresh();
    assert.equal(heard, 1);
    await command(ADMIN, updateNode, { id, version: 1, node: node('edge-09') });
    await nodes.refresh();
    await command(ADMIN, removeNode, { id, version: 2 });
    await nodes.refresh();
    assert.equal(heard, 3);
  });

  test('a node says what carries its session; what is left out goes back to ssh2 without a jump host', async (t) => {
    const { nodes, command, add } = await setUp(t);
    const { id } = await add('edge-01');
    assert.equal((await nodes.get(id)).transport, 'ssh2');
    const through = {
      ...node('edge-01'),
      transport: 'openssh',
      proxyJump: 'ops@bastion.example:2022',
      proxyJumpKey: `SHA256:${'A'.repeat(43)}`,
    };
    const changed = await command(ADMIN, updateNode, { id, version: 1, node: through });
    assert.deepEqual(changed, await nodes.get(id));
    assert.equal(changed.proxyJump, 'ops@bastion.example:2022');
    const back = await command(ADMIN, updateNode, { id, version: 2, node: node('edge-01') });
    assert.deepEqual([back.transport, back.proxyJump, back.proxyJumpKey], ['ssh2', null, null]);
    const odd = { ...node('edge-01'), proxyJump: 'a,b' };
    await assert.rejects(command(ADMIN, updateNode, { id, version: 3, node: odd }), withCode('request.invalid'));
  });
});
