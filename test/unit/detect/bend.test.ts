import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assessLeak, leakAlarm } from '#server/detect/index.ts';
import type { Leak } from '#shared/nodes.ts';
import { demoNode, random } from './demo-node.ts';

const START = 1_800_000_000_000;
const MINUTE = 60_000;

/** The bend of a node after so many minutes to which fds are added by `grown` of its age in minutes; null where it is not called leaking. */
function bendOf(seed: number, minutes: number, grown: (age: number) => number): number | null {
  const samples = demoNode({ seed, start: START, to: minutes * 60, limit: 2048 }).map((row) => ({
    ...row,
    openFds: (row.openFds ?? 0) + 2 * Math.round(grown((row.at - START) / MINUTE) / 2),
  }));
  const { verdict, bend } = assessLeak({ now: samples.at(-1)?.at ?? START, samples });
  return verdict === 'leaking' ? (bend ?? 0) : null;
}
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

test('a leak of single events in a straight line does not bend beyond chance, whatever its age', () => {
  for (const minutes of [20, 40, 90]) {
    const bends = SEEDS.map((seed) => {
      const next = random(seed * 7919);
      const events: number[] = [];
      for (let at = 0; at < minutes; at += -Math.log(1 - next()) / 2) events.push(at);
      return bendOf(seed, minutes, (age) => 2 * events.filter((at) => at <= age).length) ?? 0;
    });
    assert.ok(Math.abs(mean(bends)) < 0.8 && Math.max(...bends) < 2.5, `${minutes} min: ${bends.map((b) => b.toFixed(1)).join(' ')}`);
  }
});

test('what fills up bends over, and more so the longer it is watched', () => {
  const bends = (minutes: number) => SEEDS.flatMap((seed) => bendOf(seed, minutes, (age) => 200 * (1 - Math.exp(-age / 25))) ?? []);
  const [early, later] = [bends(16), bends(32)];
  assert.ok(early.length > 0 && later.length > 0);
  assert.ok(mean(early) > 0.4 && mean(later) > 1.5 && mean(later) > mean(early), `${mean(early)} ${mean(later)}`);
});

test('the more a growth bends, the longer it is watched; a near limit shortens that, and speeding up is told at once', () => {
  const wait = (bend: number, hoursLeft: number) => {
    const leak: Leak = { verdict: 'leaking', perMinute: { low: 1, mid: 2, high: 3 }, per1000Connections: null, bend };
    const band = { low: hoursLeft * 3600, mid: hoursLeft * 4000, high: hoursLeft * 5000 };
    return (leakAlarm(leak, band, { threshold: 0, clear: 0 }).patienceSeconds ?? 0) / 60;
  };
  assert.equal(wait(-3, 2), 0);
  assert.equal(wait(0, 2), 0);
  assert.ok(wait(0.5, 3) > 5 && wait(0.5, 3) < 15);
  assert.equal(wait(1, 3), 30);
  assert.ok(wait(2, 3) > 60 && wait(9, 1000) <= 120);
  assert.ok(wait(1, 1) <= 12, 'no more than a fifth of what a straight line leaves');
  assert.equal(wait(3, 0.4), 0, 'that near it may be what it likes');
});
