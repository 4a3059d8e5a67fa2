import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inDifferences, nodeMetricsDeltaSchema, plainAnswer } from '#shared/differences.ts';
import type { NodeMetricsAnswer } from '#shared/metrics.ts';

const answer = (times: number[], series: NodeMetricsAnswer['series']): NodeMetricsAnswer => ({
  ...{ from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T01:00:00.000Z', step: 0, processStarts: [], blind: [], runs: [] },
  ...{ times, series },
});

test('an answer in differences comes back exactly: gaps, pages of memory, rates and seconds', () => {
  const plain = answer([1_700_000_000.1, 1_700_000_005.3, 1_700_000_010, 1_700_000_070.25], {
    openFds: [812, 815, null, 790],
    rssBytes: [71_000_064 * 4096, 71_000_000 * 4096, null, 4096],
    acceptedPerSecond: [null, 22.1, 0.00347, 0],
    eventLoopLagSeconds: [0.010567, null, null, 0.000001],
    nothing: [null, null, null, null],
    empty: [],
  });
  const packed = inDifferences(plain);
  assert.deepEqual(nodeMetricsDeltaSchema.parse(packed), packed);
  assert.deepEqual(plainAnswer(packed), plain);
  assert.deepEqual(packed.series.openFds, { factor: 1, divisor: 1, differences: [812, 3, null, -25] });
});
