import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atMost } from '#server/kernel/at-most.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';

test('work over the bound is refused in words, and what ended, well or not, makes room', async () => {
  const bounded = atMost(2, 'reports');
  const first = Promise.withResolvers<number>();
  const second = Promise.withResolvers<number>();
  const [one, two] = [bounded(() => first.promise), bounded(() => second.promise)];
  let begun = false;
  await assert.rejects(
    bounded(async () => {
      begun = true;
    }),
    (error) => isHeadroomError(error) && error.status === 429 && /^2 reports are being made, .* ask again/.test(error.message),
  );
  assert.equal(begun, false);
  first.reject(new Error('failed'));
  await assert.rejects(one, /failed/);
  assert.equal(await bounded(async () => 7), 7);
  second.resolve(1);
  assert.equal(await two, 1);
});
