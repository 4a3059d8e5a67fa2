import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assessFix } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';
import { random } from './demo-node.ts';

const MINUTE = 60_000;
const EVERY = 0.25;

/** One process life, in minutes of one clock: `load(t)` connections a minute, two fds lost at a time, `leak(t)` a minute, on a count that wobbles. */
function life(shape: { seed: number; from: number; to: number; load: (t: number) => number; leak: (t: number) => number }): Sample[] {
  const next = random(shape.seed);
  const rows: Sample[] = [];
  let [accepted, lost, due] = [0, 0, -Math.log(1 - next())];
  for (let t = shape.from; t < shape.to; t += EVERY) {
    accepted += Math.round(shape.load(t) * EVERY + (next() - 0.5) * 4);
    due -= (shape.leak(t) * EVERY) / 2;
    while (due <= 0) {
      due -= Math.log(1 - next());
      lost += 2;
    }
    const active = Math.round(shape.load(t) / 4 + next() * 6);
    rows.push({
      ...{ at: t * MINUTE, processStart: shape.from * MINUTE, openFds: 30 + 2 * active + lost + Math.round(next() * 4), fdLimit: 4096 },
      ...{ connectionsActive: active, connectionsStale: null, withoutBackend: null, poolActive: 0, poolIdle: 0, baselineFds: null },
      ...{ acceptedTotal: accepted, refusedTotal: null, bytesTotal: null, errorsTotal: null, rssBytes: null, cpuSeconds: null },
      ...{ eventLoopLagSeconds: null, source: 'http' },
    });
  }
  return rows;
}

/** 40 connections a minute at 04:00, 280 at 16:00. */
const byDay = (t: number) => 160 - 120 * Math.cos((2 * Math.PI * (t - 240)) / 1440);
const HOUR = 60;
const [OPENED, CHANGED] = [8 * HOUR, 22 * HOUR];
const onlyByDay = (t: number) => (byDay(t) > 170 ? 0.8 : 0);
/** the load that leaks is back at 10:20 of the next morning */
const LEAKS_AGAIN = 34.35 * HOUR;

const judgedAt = (before: Sample[], after: Sample[], t: number) =>
  assessFix({ before, after: after.filter((row) => row.at <= t * MINUTE), minConnections: 200, minSeconds: 600 }).verdict;

describe('a leak that comes by day, and a change in the evening', () => {
  test('is never called fixed while it goes on, neither in the quiet night nor in the morning', () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const before = life({ seed, from: OPENED, to: CHANGED, load: byDay, leak: onlyByDay });
      const after = life({ seed: seed + 100, from: CHANGED, to: 38 * HOUR, load: byDay, leak: onlyByDay });
      for (let t = CHANGED + 30; t < 38 * HOUR; t += 20) assert.notEqual(judgedAt(before, after, t), 'fixed', `seed ${seed}, ${t} min`);
      assert.equal(judgedAt(before, after, 38 * HOUR), 'not-fixed', `seed ${seed}`);
    }
  });

  test('is called fixed two hours after the load that leaked is back, not before', () => {
    for (let seed = 1; seed <= 4; seed += 1) {
      const before = life({ seed, from: OPENED, to: CHANGED, load: byDay, leak: onlyByDay });
      const after = life({ seed: seed + 100, from: CHANGED, to: 38 * HOUR, load: byDay, leak: () => 0 });
      for (let t = CHANGED + 30; t < LEAKS_AGAIN; t += 20)
        assert.equal(judgedAt(before, after, t), 'inconclusive', `seed ${seed}, ${t} min`);
      assert.equal(judgedAt(before, after, LEAKS_AGAIN + 2 * HOUR), 'fixed', `seed ${seed}`);
    }
  });
});

test('a leak that kept its pace at every load is looked for at a somewhat lower one: a gap by chance is no pause', () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const before = life({ seed, from: 0, to: 240, load: (t) => 110 + t / 8, leak: () => 1.2 });
    const after = life({ seed: seed + 100, from: 240, to: 420, load: () => 100, leak: () => 0 });
    assert.equal(judgedAt(before, after, 420), 'fixed', `seed ${seed}`);
  }
});
