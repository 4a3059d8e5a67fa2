import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { shareOf } from '#server/workers/share.ts';

const nodes = Array.from({ length: 1000 }, (_, i) => `n_${String(i).padStart(6, '0')}`);
const workers = ['w_1vw3k', 'w_1vw3m', 'w_1vw3n', 'w_1vw3p'];

describe('the shares of workers', () => {
  test('every node is somebody’s, whatever order the workers are told in, and nobody’s without workers', () => {
    for (const node of nodes) {
      const owner = shareOf(node, workers);
      assert.ok(owner !== null && workers.includes(owner));
      assert.equal(shareOf(node, [...workers].reverse()), owner);
    }
    assert.equal(shareOf('n_1', []), null);
  });

  test('they are about the same', () => {
    for (const worker of workers) {
      const share = nodes.filter((node) => shareOf(node, workers) === worker).length;
      assert.ok(share > 180 && share < 320, `${worker} has ${share}`);
    }
  });

  test('a worker that goes moves its own nodes only', () => {
    const [gone, ...left] = workers;
    for (const node of nodes) {
      const before = shareOf(node, workers);
      if (before !== gone) assert.equal(shareOf(node, left), before);
    }
  });
});
