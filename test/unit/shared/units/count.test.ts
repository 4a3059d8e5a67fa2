import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatCount, formatFigure, formatPercent, formatSigned, formatTick, plural } from '#shared/units/count.ts';

const table = <T>(name: string, f: (value: T) => string, rows: readonly (readonly [T, string])[]) =>
  describe(name, () => {
    for (const [value, shown] of rows) test(`${String(value)} is shown as ${shown}`, () => assert.equal(f(value), shown));
  });

table('counts carry comma groups and every digit', formatCount, [
  [0, '0'],
  [-0.4, '0'],
  [7, '7'],
  [999, '999'],
  [1000, '1,000'],
  [52_386, '52,386'],
  [999_999, '999,999'],
  [1_234_567, '1,234,567'],
  [-1200, '−1,200'],
  [12.5, '13'],
]);

table('figures are whole above 10, one digit below', formatFigure, [
  [0, '0.0'],
  [0.04, '0.0'],
  [-0.04, '0.0'],
  [0.3, '0.3'],
  [9.94, '9.9'],
  [9.95, '10'],
  [412.4, '412'],
  [-3.25, '−3.3'],
  [-412, '−412'],
]);

table('slopes keep their sign, with a true minus', formatSigned, [
  [346.2, '+346'],
  [4.25, '+4.3'],
  [0, '0'],
  [0.01, '0'],
  [-0.01, '0'],
  [-0.5, '−0.5'],
  [-62_623, '−62,623'],
]);

table('axis ticks are short', formatTick, [
  [0, '0'],
  [50, '50'],
  [0.25, '0.25'],
  [0.004, '0.004'],
  [2.5, '2.5'],
  [999, '999'],
  [1000, '1k'],
  [2500, '2.5k'],
  [9949, '9.9k'],
  [9950, '10k'],
  [64_000, '64k'],
  [999_499, '999k'],
  [999_500, '1M'],
  [1_250_000, '1.3M'],
  [-4000, '−4k'],
]);

describe('percent never rounds a part to nothing or to the whole', () => {
  for (const [part, whole, shown] of [
    [0, 100, '0 %'],
    [1, 1000, 'under 1 %'],
    [52_386, 65_536, '80 %'],
    [995, 1000, '99 %'],
    [1000, 1000, '100 %'],
    [5, 0, 'no data'],
  ] as const)
    test(`${part} of ${whole} is ${shown}`, () => assert.equal(formatPercent(part, whole), shown));
});

test('words follow the count', () => {
  assert.equal(plural(1, 'node'), '1 node');
  assert.equal(plural(0, 'node'), '0 nodes');
  assert.equal(plural(1200, 'entry', 'entries'), '1,200 entries');
});
