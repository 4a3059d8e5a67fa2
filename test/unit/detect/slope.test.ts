import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binWindow } from '#server/detect/bins.ts';
import { livesOf } from '#server/detect/lives.ts';
import { fitSlope } from '#server/detect/slope.ts';
import { demoNode, random } from './demo-node.ts';

const gauss = (next: () => number) => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());

test('the interval covers the true slope of autocorrelated noise, where the textbook interval does not', () => {
  const n = 40;
  let covered = 0;
  const runs = 400;
  for (let seed = 0; seed < runs; seed += 1) {
    const next = random(seed);
    const [x, y] = [new Float64Array(n), new Float64Array(n)];
    let e = gauss(next);
    for (let i = 0; i < n; i += 1) {
      e = 0.5 * e + Math.sqrt(0.75) * gauss(next);
      x[i] = i;
      y[i] = 0.3 * i + 2 * e;
    }
    const fit = fitSlope(x, y, n);
    if (fit && fit.low <= 0.3 && 0.3 <= fit.high) covered += 1;
  }
  assert.ok(covered / runs > 0.87, `${covered} of ${runs}`);
});

test('one wild point in ten moves the slope little', () => {
  const x = Float64Array.from({ length: 40 }, (_, i) => i);
  const y = x.map((value, i) => 2 * value + (i % 10 === 5 ? 5000 : 0));
  const fit = fitSlope(x, y, 40);
  assert.ok(fit && Math.abs(fit.mid - 2) < 0.2, JSON.stringify(fit));
});

test('a window has at most 60 bins however long it is, and gaps stay gaps', () => {
  const rows = demoNode({ seed: 1, to: 4 * 3600 }).filter(
    (row, _, all) => row.at < (all[0]?.at ?? 0) + 3_600_000 || row.at > (all[0]?.at ?? 0) + 7_200_000,
  );
  const bins = binWindow(rows, 0, rows.length);
  assert.ok(bins.n > 20 && bins.n <= 60);
  assert.ok(bins.minutes.slice(0, bins.n).every((at) => at <= 61 || at >= 119));
});

test('lives are told apart by their process start; rows that do not know it belong to the life around them', () => {
  const start = 1_800_000_000_000;
  const rows = [...demoNode({ seed: 1, start, to: 60 }), ...demoNode({ seed: 2, start: start + 600_000, to: 60 })].map((row, i) =>
    i % 5 === 3 ? { ...row, processStart: null } : row,
  );
  const lives = livesOf(rows);
  assert.equal(lives.length, 2);
  assert.deepEqual(
    lives.map((life) => life.processStart),
    [start, start + 600_000],
  );
});
