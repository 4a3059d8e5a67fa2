import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectOf } from '#components/audit/object.ts';

const names = new Map([['n_1', 'edge-01']]);
const entry = (object: string, before: unknown = null, after: unknown = null) => ({ object, before, after });

test('a node is shown by the name that it has now, and linked', () => {
  assert.deepEqual(objectOf(entry('node:n_1', { name: 'old-name' }), names), {
    ...{ kind: 'node', name: 'edge-01', href: '/nodes/n_1', gone: false, reason: null },
  });
});
test('a node that was removed is shown by the name that the entry recorded, without a link', () => {
  const object = objectOf(entry('node:n_9', { name: 'edge-09' }), names);
  assert.deepEqual([object?.name, object?.href, object?.gone], ['edge-09', null, true]);
});
test('a run is shown by its short name and linked; what was said with it stays beside it', () => {
  const object = objectOf(entry('run:r_0123456789', null, { reason: 'deploy freeze' }), names);
  assert.equal(object?.href, '/runs/r_0123456789');
  assert.match(object?.name ?? '', /^R-/);
  assert.equal(object?.reason, 'deploy freeze');
});
test('nothing is nothing, and a token keeps its name', () => {
  assert.equal(objectOf(entry('-'), names), null);
  assert.equal(objectOf(entry('token:t1', { name: 'ci' }), names)?.name, 'ci');
});
