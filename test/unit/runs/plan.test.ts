import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { planBatches, planSteps } from '#server/runs/plan.ts';

const fleet = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `n_${i}`, name: `edge-${i + 1}` }));
const sizes = (count: number, batches: (number | string)[]) => {
  const targets = planBatches(fleet(count), batches);
  return [...Map.groupBy(targets, (t) => t.batch).values()].map((b) => b.length);
};

describe('batches', () => {
  test('a count is that many more nodes, a share is up to that share of all, rounded up', () => {
    assert.deepEqual(sizes(100, [1, '10%', '50%', '100%']), [1, 9, 40, 50]);
    assert.deepEqual(sizes(5, [1, '10%', '100%']), [1, 4]);
    assert.deepEqual(sizes(10, [2, 2]), [2, 2, 6]);
    assert.deepEqual(sizes(1, [1, '10%', '100%']), [1]);
    assert.deepEqual(sizes(3, [5]), [3]);
  });

  test('names are in the order that people count in', () => {
    assert.deepEqual(
      planBatches(fleet(11), ['100%']).map((t) => t.name),
      fleet(11).map((n) => n.name),
    );
  });

  test('whatever the list says, every node is in exactly one batch, no batch is empty, and they count from 1', () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 100 }).map((n) => `${n}%`),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 120 }), fc.array(size, { minLength: 1, maxLength: 8 }), (count, batches) => {
        const targets = planBatches(fleet(count), batches);
        assert.equal(new Set(targets.map((t) => t.nodeId)).size, count);
        assert.equal(targets.length, count);
        const used = [...new Set(targets.map((t) => t.batch))];
        assert.deepEqual(
          used,
          used.map((_, i) => i + 1),
        );
      }),
    );
  });
});

test('a dry run keeps the steps that look and leaves out those that act', () => {
  const base = {
    title: '',
    section: '',
    prose: '',
    params: {},
    timeoutSeconds: 1,
    onFail: 'stop',
    documented: null,
    better: null,
    proves: [],
    doesNotProve: [],
  } as const;
  const steps = (['preflight', 'arm-revert', 'edit-config', 'validate', 'service', 'gate'] as const).map((kind) => ({
    ...base,
    key: kind,
    kind,
    proves: [],
    doesNotProve: [],
  }));
  const left = planSteps({ steps }, { dryRun: true }).filter((s) => s.skipped);
  assert.deepEqual(
    left.map((s) => s.kind),
    ['arm-revert', 'service', 'gate'],
  );
  assert.ok(planSteps({ steps }, { dryRun: false }).every((s) => !s.skipped));
});
