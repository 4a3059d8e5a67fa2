import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOff } from '#server/notify/outbox.ts';

test('attempts come after 2 s, doubled each time up to 10 min, the upper half of each by chance', () => {
  const least = [1, 2, 3, 4, 5, 9, 10, 40].map((n) => backOff(n, () => 0) / 1000);
  assert.deepEqual(least, [1, 2, 4, 8, 16, 256, 300, 300]);
  assert.deepEqual(
    [1, 2, 10].map((n) => backOff(n, () => 1) / 1000),
    [2, 4, 600],
  );
  const drawn = new Set(Array.from({ length: 50 }, () => backOff(6)));
  assert.ok(drawn.size > 25, `${drawn.size} of 50 differ`);
});
