import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { binWindow } from '#server/detect/bins.ts';
import { timeToEmfile } from '#server/detect/emfile.ts';
import type { Sample } from '#shared/metrics.ts';
import { demoNode, random } from './demo-node.ts';

const START = 1_800_000_000_000;
const HOUR = 3600;
const ahead = (samples: readonly Sample[], perMinute: number, error = 0) =>
  timeToEmfile({
    samples,
    from: 0,
    end: samples.length,
    window: ((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0)) / 60_000,
    bins: binWindow(samples, 0, samples.length),
    rate: { low: perMinute * (1 - error), mid: perMinute, high: perMinute * (1 + error) },
  });

/** A node whose load swings by `amp` around its mean with the hour, and which loses `per1000` fds per 1,000 connections. */
function daily(shape: { hours: number; amp: number; per1000: number; phase: number; limit?: number; seed?: number }): Sample[] {
  const next = random(shape.seed ?? 1);
  const [base] = demoNode({ seed: 1, to: 5 });
  assert.ok(base);
  let [accepted, lost] = [0, 0];
  return Array.from({ length: shape.hours * 60 }, (_, minute) => {
    const load = 60 * (1 + shape.amp * Math.sin(2 * Math.PI * (minute / 1440 + shape.phase)));
    const arrived = Math.round(load + 4 * (next() - 0.5));
    accepted += arrived;
    lost += (arrived * shape.per1000) / 1000;
    const active = Math.round(load);
    const openFds = Math.min(shape.limit ?? 4096, 30 + 2 * active + Math.round(lost));
    return {
      ...base,
      at: START + minute * 60_000,
      processStart: START,
      connectionsActive: active,
      connectionsStale: 0,
      acceptedTotal: accepted,
      openFds,
      fdLimit: shape.limit ?? 4096,
    };
  });
}

describe('time to EMFILE', () => {
  test('is the headroom over the rate where the load is even and a day of it was seen', () => {
    const samples = daily({ hours: 30, amp: 0, per1000: 20, phase: 0 });
    const room = 4096 - (samples.at(-1)?.openFds ?? 0);
    const band = ahead(samples, 1.2);
    assert.ok(band?.high && Math.abs(band.mid - (room / 1.2) * 60) < 0.05 * band.mid, JSON.stringify(band));
    assert.ok(band.low > 0.6 * band.mid && band.high < 1.6 * band.mid, JSON.stringify(band));
  });

  test('expects the hours ahead to be like those of yesterday', () => {
    // seen for a day and a half, it ends at the height of the load: what follows is quieter than the window that the rate is from
    const samples = daily({ hours: 36, amp: 0.6, per1000: 20, phase: 0.75 - 36 / 24 + 0.5 });
    const window = samples.slice(-180);
    const rate = (20 * ((window.at(-1)?.acceptedTotal ?? 0) - (window[0]?.acceptedTotal ?? 0))) / 1000 / 179;
    const band = timeToEmfile({
      ...{ samples, from: 0, end: samples.length, window: 179, bins: binWindow(samples, 0, samples.length) },
      rate: { low: rate, mid: rate, high: rate },
    });
    const even = ((4096 - (samples.at(-1)?.openFds ?? 0)) / rate) * 60;
    assert.ok(band && band.mid > 1.15 * even, `${band?.mid} against ${even}`);
  });

  test('holds the true end of a leak that follows the load, from whatever hour it is asked', () => {
    let held = 0;
    let asked = 0;
    for (let seed = 0; seed < 8; seed += 1)
      for (const hours of [2, 4, 8, 14, 26]) {
        const all = daily({ hours: 24 * 6, amp: 0.4, per1000: 40, phase: seed / 8, limit: 4096, seed });
        const seen = all.slice(0, hours * 60);
        const full = all.findIndex((row) => (row.openFds ?? 0) >= 4094);
        assert.ok(full > 26 * 60);
        const rate = ((seen.at(-1)?.acceptedTotal ?? 0) * 0.04) / (hours * 60);
        const band = ahead(seen, rate, 0.1);
        const truth = (full - hours * 60) * 60;
        asked += 1;
        if (band && band.low <= truth && (band.high === null || truth <= band.high)) held += 1;
      }
    assert.ok(held / asked >= 0.9, `${held} of ${asked}`);
  });

  test('is open at the far end where the slowest rate does not grow, and none at all where the middle one does not', () => {
    const samples = demoNode({ seed: 3, to: 2 * HOUR, leak: { perMinute: 4, kind: 'pool' } });
    assert.equal(ahead(samples, 4, 1.2)?.high, null);
    assert.equal(ahead(samples, -1), null);
    assert.equal(
      ahead(
        samples.map((row) => ({ ...row, fdLimit: null })),
        4,
      ),
      null,
    );
  });

  test('is now when the node is full', () => {
    const samples = demoNode({ seed: 3, to: HOUR, limit: 400, leak: { perMinute: 20, kind: 'pool' } });
    assert.deepEqual(ahead(samples, 20), { low: 0, mid: 0, high: 0 });
  });
});
