import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergePool } from '#server/config/index.ts';

const base = 'max_connections: 100  # ours\nconnection_pool:\n  enabled: true # as it was\n  max_per_host: 1000\n';
const merge = (theirs: string, ours: Parameters<typeof mergePool>[2]) => {
  const { bytes, conflicts } = mergePool(Buffer.from(base), Buffer.from(theirs), ours);
  return { text: bytes.toString(), conflicts };
};

test('what others changed elsewhere stays, byte for byte, and our setting is made', () => {
  const theirs = base.replace('100  # ours', '200   # theirs');
  assert.deepEqual(merge(theirs, { enabled: false }), { text: theirs.replace('true #', 'false #'), conflicts: [] });
});

test('another setting of the pool that was changed by hand is no conflict', () => {
  const theirs = base.replace('1000', '500');
  assert.deepEqual(merge(theirs, { enabled: false }).conflicts, []);
  assert.match(merge(theirs, { enabled: false }).text, /enabled: false # as it was\n {2}max_per_host: 500\n/);
});

test('the same setting changed to the same value is no conflict, to another one is one', () => {
  const theirs = base.replace('1000', '500');
  assert.deepEqual(merge(theirs, { max_per_host: 500 }).conflicts, []);
  assert.deepEqual(merge(theirs, { max_per_host: 300 }).conflicts, [{ key: 'max_per_host', base: 1000, theirs: 500, ours: 300 }]);
});
