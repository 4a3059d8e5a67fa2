import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breakLines, lastKnown, nearest, splitExplained } from '#components/charts/lives.ts';

describe('a line never crosses a process start or a gap', () => {
  test('an empty row is put before the first point of a new life', () => {
    const out = breakLines([10, 12, 14, 16], [[1, 2, 3, 4]], [13]);
    assert.deepEqual(out.times, [10, 12, 13, 14, 16]);
    assert.deepEqual(out.values, [[1, 2, null, 3, 4]]);
  });
  test('a start exactly at a point breaks before that point', () => {
    assert.deepEqual(breakLines([10, 12], [[1, 2]], [12]).values, [[1, null, 2]]);
  });
  test('starts outside the range change nothing', () => {
    assert.deepEqual(breakLines([10, 12], [[1, 2]], [3, 10, 50]).values, [[1, 2]]);
  });
  test('two starts between two points are one break', () => {
    assert.deepEqual(breakLines([10, 20], [[1, 2]], [12, 15]).values, [[1, null, 2]]);
  });
  test('two missed readings over SSH are no gap, a minute of silence is', () => {
    assert.equal(breakLines([0, 2, 4, 44], [[1, 1, 1, 1]], []).times.length, 4);
    assert.equal(breakLines([0, 2, 4, 64], [[1, 1, 1, 1]], []).times.length, 5);
  });
  test('wide buckets are not taken for gaps', () => {
    assert.equal(breakLines([0, 60, 120, 180], [[1, 1, 1, 1]], []).times.length, 4);
  });
  test('no points, no rows', () => {
    assert.deepEqual(breakLines([], [[]], [5]), { times: [], values: [[]] });
  });
});

test('where nothing is explained the count is a line of its own that touches the explained stretch', () => {
  const out = splitExplained([10, 11, 12, 13, null], [5, 5, null, 5, null]);
  assert.deepEqual(out.known, [10, 11, null, 13, null]);
  assert.deepEqual(out.counted, [null, 11, 12, 13, null]);
});

test('the crosshair finds the nearest point', () => {
  assert.equal(nearest([], 3), null);
  assert.equal(nearest([10, 20, 30], 24), 1);
  assert.equal(nearest([10, 20, 30], 26), 2);
  assert.equal(nearest([10, 20, 30], -5), 0);
  assert.equal(nearest([10, 20, 30], 99), 2);
});

test('"now" is the newest known value, and nothing when the last readings are empty', () => {
  assert.equal(lastKnown([1, 2, null]), 2);
  assert.equal(lastKnown([1, null, null, null, null]), null);
  assert.equal(lastKnown(undefined), null);
});
