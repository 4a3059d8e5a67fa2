import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { addNode } from '#server/nodes/index.ts';
import { nodesUnder } from '#server/notify/index.ts';
import type { Actor, Grant } from '#shared/access.ts';
import { twoGroups } from './walk.ts';

// What somebody who holds some nodes leaves behind, and the nodes that come after.

const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };
const holder = (name: string, ...grants: Grant[]): Actor => ({ kind: 'user', id: `u_${name}`, name, role: 'operator', grants });
const endsAt = () => Date.now() + 3_600_000;

describe('a silence of whoever holds some nodes', { concurrency: false }, () => {
  let world: Awaited<ReturnType<typeof twoGroups>>;
  const cleanUps: (() => Promise<void> | void)[] = [];
  before(async () => {
    world = await twoGroups({ after: (fn: () => Promise<void>) => void cleanUps.push(fn) });
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });
  const node = (name: string, group: string) =>
    world.runtime.command(SYSTEM, addNode, { name, host: `${name}.invalid`, user: 'sre', labels: { group } });

  test('holds none that comes later and is another one’s', async () => {
    const { runtime, ids } = world;
    const verb = runtime.notify.verbs.addSilence;
    const ana = holder('ana', { role: 'operator', selector: 'group=a' });
    // of the nodes that there are, both are about edge-a alone
    const notB = { matchers: [{ name: 'group', value: 'b', isRegex: false, isEqual: false }], reason: 'x', endsAt: endsAt() };
    const made = [
      await runtime.command(ana, verb, notB),
      await runtime.command(ana, verb, { selector: '!group=b', reason: 'x', endsAt: endsAt() }),
    ];
    const own = await runtime.command(ana, verb, { selector: 'group=a name=edge-a', reason: 'x', endsAt: endsAt() });
    const whole = await runtime.command(SYSTEM, verb, notB);
    const later = await node('edge-c', 'c');
    for (const silence of made) assert.deepEqual(await nodesUnder(runtime.db, silence), [ids.a], silence.selector);
    assert.equal(own.selector, 'group=a name=edge-a');
    assert.deepEqual(new Set(await nodesUnder(runtime.db, whole)), new Set([ids.a, later.id]));
    const two = holder('two', { role: 'operator', selector: 'group=a' }, { role: 'operator', selector: 'group=c' });
    await assert.rejects(runtime.command(two, verb, notB), { code: 'request.invalid', message: /one silence for each/ });
  });

  test('is not made of one that waits for nodes of another one', async () => {
    const { runtime } = world;
    const { addSilence, replaceSilence } = runtime.notify.verbs;
    const { id } = await runtime.command(SYSTEM, addSilence, { selector: 'group=not-yet', reason: 'x', endsAt: endsAt() });
    const ana = holder('ana', { role: 'operator', selector: 'group=a' });
    await assert.rejects(runtime.command(ana, replaceSilence, { id, selector: 'group=a', reason: 'x', endsAt: endsAt() }), {
      code: 'auth.forbidden',
    });
    assert.equal((await runtime.notify.silence(id)).state, 'active');
  });
});
