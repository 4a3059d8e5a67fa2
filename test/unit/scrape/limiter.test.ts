import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLimiter } from '#server/scrape/limiter.ts';

test('never more than the limit at once, in order, and failures give their place back', async () => {
  const limit = createLimiter(3);
  const started: number[] = [];
  let [busy, most] = [0, 0];
  const work = Array.from({ length: 20 }, (_, i) =>
    limit(async () => {
      started.push(i);
      most = Math.max(most, ++busy);
      await new Promise((resolve) => setImmediate(resolve));
      busy--;
      if (i % 4 === 0) throw new Error('failed');
    }).catch(() => undefined),
  );
  await Promise.all(work);
  assert.equal(most, 3);
  assert.deepEqual(
    started,
    Array.from({ length: 20 }, (_, i) => i),
  );
});
