import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchSizes, strategyOf, USUAL_STRATEGY } from '#components/changes/strategy-draft.ts';
import { strategySchema } from '#shared/runs.ts';

test('what the form sends is a strategy as the console reads it', () => {
  const { strategy, errors } = strategyOf({ ...USUAL_STRATEGY, batches: '1 2, 100%', failureGroup: 'site' }, true);
  assert.deepEqual(errors, {});
  assert.deepEqual(strategySchema.parse(strategy).batches, [1, 2, '100%']);
});
test('one node has no batches', () =>
  assert.deepEqual(strategyOf(USUAL_STRATEGY, false).strategy, {
    confirmSeconds: 120,
    onFail: 'pause',
    gates: 'manual',
  }));
test('a batch that is neither count nor share is named', () => {
  assert.match(strategyOf({ ...USUAL_STRATEGY, batches: '1, 200%' }, true).errors.batches ?? '', /200% is neither/);
  assert.ok(strategyOf({ ...USUAL_STRATEGY, confirmSeconds: '5' }, false).errors.confirmSeconds);
});
test('batches are shown by the nodes they take', () => {
  assert.deepEqual(batchSizes([1, '10%', '100%'], 40), [1, 3, 36]);
  assert.deepEqual(batchSizes([1, 2], 5), [1, 2, 2]);
  assert.deepEqual(batchSizes([1, '10%', '100%'], 5), [1, 4]);
});
