import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRecentSamples } from '#server/metrics/recent.ts';
import { sample } from '#test/support/samples.ts';

const T0 = 1_700_000_040_000;
const open = () => createRecentSamples({ keepMs: 7_200_000, thinKeepMs: 30 * 3_600_000 });

test('every sample of the last 2 hours, one a minute before them, 30 hours in all', () => {
  const recent = open();
  const end = T0 + 40 * 3_600_000;
  for (let at = T0; at <= end; at += 5000) recent.push('n_1', sample(at, { openFds: (at - T0) / 5000 }));
  const all = recent.since('n_1', 0);
  const full = all.filter((s) => s.at >= end - 7_200_000);
  assert.equal(full.length, 1441);
  const older = all.slice(0, all.length - full.length);
  assert.equal(older.length, 28 * 60);
  assert.ok((older[0]?.at ?? 0) >= end - 30 * 3_600_000);
  for (const [i, one] of all.entries()) assert.ok(i === 0 || one.at > (all[i - 1]?.at ?? 0));
  assert.deepEqual(recent.since('n_1', end - 12_000), full.slice(-3));
  assert.deepEqual(recent.last('n_1'), full.at(-1));
});

test('a process start is never thinned away', () => {
  const recent = open();
  for (let i = 0; i < 3000; i++) recent.push('n_1', sample(T0 + i * 5000, { processStart: i < 100 ? 1 : 2 }));
  const lives = recent.since('n_1', 0).filter((s) => s.processStart === 1);
  const firstOfTwo = recent.since('n_1', 0).find((s) => s.processStart === 2);
  assert.equal(lives.length, 9);
  assert.equal(firstOfTwo?.at, T0 + 500_000);
});

test('a clock set back starts anew instead of mixing the two times', () => {
  const recent = open();
  recent.push('n_1', sample(T0 + 60_000));
  recent.push('n_1', sample(T0));
  assert.deepEqual(
    recent.since('n_1', 0).map((s) => s.at),
    [T0],
  );
});

test('a sample that another one overtook by a moment takes nothing away from what is known', () => {
  const recent = open();
  for (let at = T0; at < T0 + 60_000; at += 5000) recent.push('n_1', sample(at));
  recent.push('n_1', sample(T0 + 60_001));
  recent.push('n_1', sample(T0 + 60_000));
  recent.push('n_1', sample(T0 + 65_000));
  assert.equal(recent.since('n_1', 0).length, 14);
  assert.equal(recent.last('n_1')?.at, T0 + 65_000);
});
