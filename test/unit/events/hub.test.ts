import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventHub } from '#server/events/index.ts';

const changed = (nodeId: string) => ({ type: 'node.changed' as const, nodeId });

describe('event hub', () => {
  test('who comes back with the last id gets what was missed, in order, and then what follows', () => {
    const hub = createEventHub();
    for (const id of ['a', 'b', 'c']) hub.publish(changed(id));
    const got: [number, string][] = [];
    hub.subscribe((id, event) => event.type === 'node.changed' && got.push([id, event.nodeId]), 1);
    hub.publish(changed('d'));
    assert.deepEqual(got, [
      [2, 'b'],
      [3, 'c'],
      [4, 'd'],
    ]);
  });

  test('who says nothing gets only what follows', () => {
    const hub = createEventHub();
    hub.publish(changed('a'));
    const got: number[] = [];
    const leave = hub.subscribe((id) => got.push(id));
    hub.publish(changed('b'));
    leave();
    hub.publish(changed('c'));
    assert.deepEqual(got, [2]);
    assert.equal(hub.listeners(), 0);
  });

  test('it knows when more was missed than it holds, also after a restart', () => {
    const hub = createEventHub();
    assert.equal(hub.holds(0), true);
    assert.equal(hub.holds(57), false);
    for (let i = 0; i < 2100; i++) hub.publish(changed('a'));
    assert.equal(hub.holds(50), false);
    assert.equal(hub.holds(100), true);
    assert.equal(hub.holds(2100), true);
  });

  test('a listener that throws keeps neither the publisher nor the others from going on', () => {
    const errors: unknown[] = [];
    const hub = createEventHub({ onError: (error) => errors.push(error) });
    const got: number[] = [];
    hub.subscribe(() => {
      throw new Error('no');
    });
    hub.subscribe((id) => got.push(id));
    hub.publish(changed('a'));
    assert.deepEqual([got, errors.length], [[1], 1]);
  });
});
