import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growthFactor } from '../../../proxy-core/src/young-generation.ts';

const MIB = 1024 * 1024;

test('a young generation may grow back to 16 MiB in one step, and never further', () => {
  assert.deepEqual(
    [1, 2, 4, 8, 16, 32, 128].map((mib) => growthFactor(mib * MIB)),
    [8, 8, 4, 2, 1, 1, 1],
  );
  for (let size = 2 * MIB; size <= 16 * MIB; size += 100_000) assert.ok(size * growthFactor(size) <= 16 * MIB);
});
