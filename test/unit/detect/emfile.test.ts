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

/** A node whose load swings by `amp` around its mean of 60 a minute with the hour, and which loses `per1000` fds per 1,000 connections, at loads `above` only. */
function daily(shape: {
  hours: number;
  amp: number;
  per1000: number;
  phase: number;
  limit?: number;
  seed?: number;
  above?: number;
}): Sample[] {
  const next = random(shape.seed ?? 1);
  const [base] = demoNode({ seed: 1, to: 5 });
  assert.ok(base);
  let [accepted, lost] = [0, 0];
  return Array.from({ length: shape.hours * 60 }, (_, minute) => {
    const load = 60 * (1 + shape.amp * Math.sin(2 * Math.PI * (minute / 1440 + shape.phase)));
    const arrived = Math.round(load + 4 * (next() - 0.5));
    accepted += arrived;
    if (load > (shape.above ?? 0)) lost += (arrived * shape.per1000) / 1000;
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

  test('holds the true end of a leak that pauses at night, before the first night, within it and after it', () => {
    const missed: string[] = [];
    // begins at nine, at the mean of a load that is highest at three in the afternoon; above the mean it leaks
    for (const hours of [4, 6, 8, 10, 12, 16, 22, 28, 32]) {
      const all = daily({ hours: 24 * 6, amp: 0.6, per1000: 40, phase: 0, above: 60, limit: 6000, seed: hours });
      const seen = all.slice(0, hours * 60);
      const full = all.findIndex((row) => (row.openFds ?? 0) >= 5998);
      assert.ok(full > 36 * 60);
      const lost = (seen.at(-1)?.openFds ?? 0) - 30 - 2 * (seen.at(-1)?.connectionsActive ?? 0);
      const band = ahead(seen, lost / (hours * 60), 0.1);
      const truth = (full - hours * 60) * 60;
      if (!band || band.low > truth || (band.high !== null && truth > band.high))
        missed.push(`${hours} h: ${truth} ${JSON.stringify(band)}`);
    }
    assert.deepEqual(missed, []);
  });

  test('sees noon coming in the morning: the middle is nearer than at the load so far, and its band holds the truth', () => {
    const all = daily({ hours: 48, amp: 0.5, per1000: 100, phase: -0.2, limit: 4096 });
    const seen = all.slice(0, 4 * 60);
    const full = all.findIndex((row) => (row.openFds ?? 0) >= 4094);
    const rate = ((seen.at(-1)?.acceptedTotal ?? 0) * 0.1) / 240;
    const band = ahead(seen, rate, 0.1);
    const even = (4096 - (seen.at(-1)?.openFds ?? 0)) / rate / 60;
    const truth = full / 60 - 4;
    assert.ok(band?.high && band.low / 3600 < truth && truth < band.high / 3600, `${truth} h: ${JSON.stringify(band)}`);
    assert.ok(band.mid / 3600 < 0.85 * even, `${band.mid / 3600} h, at the load so far ${even} h`);
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
