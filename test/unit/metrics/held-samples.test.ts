import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldSamples } from '#server/metrics/held-samples.ts';
import { SAMPLE_WIDTH } from '#server/metrics/sample-row.ts';
import { sampleOf } from '#test/bench/collect-load.ts';

const timesOf = (rows: Float64Array) => Array.from({ length: rows.length / SAMPLE_WIDTH }, (_, i) => rows[i * SAMPLE_WIDTH]);

test('samples leave in the order in which they came, those put back in front, and beyond the bound the oldest are dropped', () => {
  const held = new HeldSamples(150);
  const samples = Array.from({ length: 200 }, (_, i) => ({ ...sampleOf(0, 0, i), at: i }));
  const hold = (from: number, to: number) => {
    for (const sample of samples.slice(from, to)) held.push(`n_${sample.at}`, sample);
  };
  hold(0, 100);
  const first = held.take(30);
  assert.deepEqual(timesOf(first.rows), [...Array(30).keys()]);
  hold(100, 120);
  held.putBack(first);
  hold(120, 140);
  assert.equal(held.size, 140);
  const most = held.take(100);
  hold(140, 200);
  held.putBack(most);
  assert.equal(held.size, 150);
  const { ids, rows } = held.take(1000);
  assert.deepEqual(
    timesOf(rows),
    Array.from({ length: 150 }, (_, i) => 50 + i),
  );
  assert.deepEqual(
    ids,
    timesOf(rows).map((at) => `n_${at}`),
  );
  assert.equal(held.size, 0);
});
