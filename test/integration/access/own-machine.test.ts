import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addNode, updateNode } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { twoGroups } from './walk.ts';

test('who holds some nodes has the console ask no port of its own machine; who holds them all may', async (t) => {
  const { runtime } = await twoGroups(t);
  const whole: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
  const some: Actor = { kind: 'user', id: 'u_some', name: 'some', role: 'admin', grants: [{ role: 'admin', selector: 'group=a' }] };
  const node = (name: string, url: string) => ({
    ...{ name, host: '10.0.0.7', user: 'sre', labels: { group: 'a' } },
    metrics: { via: 'http' as const, url },
  });
  const refused = { code: 'auth.forbidden', message: /console's own machine/ };
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    'localhost',
    'LOCALHOST.',
    'x.localhost',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
  ])
    await assert.rejects(runtime.command(some, addNode, node('edge-x', `http://${host}:5432/metrics`)), refused, host);
  const theirs = await runtime.command(some, addNode, node('edge-x', 'http://10.0.0.7:9090/metrics'));
  const change = { id: theirs.id, version: theirs.version, node: node('edge-x', 'http://127.0.0.1:9090/metrics') };
  await assert.rejects(runtime.command(some, updateNode, change), refused);
  const moved = await runtime.command(whole, updateNode, change);
  // what an admin of all set is kept
  const renamed = { id: moved.id, version: moved.version, node: node('edge-y', 'http://127.0.0.1:9090/metrics') };
  assert.equal((await runtime.command(some, updateNode, renamed)).name, 'edge-y');
});
