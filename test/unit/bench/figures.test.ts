import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exponentOf, type FigureOf, figuresOf, numberIn, sectionsOf, worseThan } from '../../bench/figures.ts';

const PAGE = `# Benchmarks

<!-- proxy -->
## The proxy

\`node test/bench/proxy.ts\`, 2026-11-24, 2 cores (x), load 1.0 while measured, Node 24.

A note.

|  | HAProxy | ours | ours : HAProxy |
| --- | --- | --- | --- |
| µs | 98.4 | 162.1 | 1.65 (half of them 1.5 to 1.7) |
| µs, two | 10 | 20 |  |
<!-- /proxy -->
`;
const FIGURE: FigureOf = {
  ...{ name: 'cpu', unit: 'µs', ours: ['µs', 'ours'], peers: { HAProxy: ['µs', 'HAProxy'] }, ratio: ['µs', 'ours : HAProxy'] },
  ...{ target: { of: 'ratio', most: 1.5 }, better: 'less' },
};

describe('the figures of the benches', () => {
  test('are read of the tables, with the ratio that was measured of neighbours before one that is divided', () => {
    const [section] = sectionsOf(PAGE);
    assert.equal(section?.command, 'node test/bench/proxy.ts');
    const { ratio: _, ...divided } = FIGURE;
    const [first, second] = figuresOf([FIGURE, { ...divided, ours: ['µs, two', 'ours'] }], section?.table ?? []);
    assert.deepEqual(
      [first?.ours, first?.peers, first?.ratio, first?.target, first?.holds],
      [162.1, { HAProxy: 98.4 }, 1.65, '≤ 1.5 ×', false],
    );
    assert.equal(second?.ratio, 0.203);
    assert.deepEqual(figuresOf([{ ...FIGURE, ours: ['nowhere', 'ours'] }], section?.table ?? []), []);
  });

  test('numbers are read as people write them', () => {
    assert.deepEqual(['10,400 B', '≤ 3.5', '−3.6 µs', 'none', undefined].map(numberIn), [10400, 3.5, -3.6, null, null]);
  });

  test('a ratio that is worse than the baseline by more than the tolerance is told; in the direction in which it is worse', () => {
    const figure = { name: 'a', unit: '', ours: 1, peers: {}, target: null, holds: null };
    const less = (ratio: number) => worseThan({ a: 1 }, [{ ...figure, ratio, better: 'less' }], 0.25).length;
    const more = (ratio: number) => worseThan({ a: 1 }, [{ ...figure, ratio, better: 'more' }], 0.25).length;
    assert.deepEqual([less(1.2), less(1.3), less(0.2), more(0.85), more(0.7), more(3)], [0, 1, 0, 0, 1, 0]);
    assert.deepEqual(worseThan({}, [{ ...figure, ratio: 99, better: 'less' }], 0.25), []);
  });

  test('the exponent is that of the power law, whatever its factor', () => {
    for (const power of [0, 0.5, 1, 2]) assert.ok(Math.abs(exponentOf([1, 2, 4, 8].map((x) => [x, 7 * x ** power])) - power) < 1e-9);
    assert.ok(Number.isNaN(exponentOf([[1, 3]])));
    assert.equal(
      Math.round(
        exponentOf([
          [1, 2],
          [0, 5],
          [2, 4],
        ]) * 100,
      ),
      100,
    );
  });
});
