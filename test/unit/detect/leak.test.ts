import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assessLeak } from '#server/detect/index.ts';
import type { Sample } from '#shared/metrics.ts';
import { demoNode, random } from './demo-node.ts';

const assess = (samples: readonly Sample[]) => assessLeak({ now: samples.at(-1)?.at ?? 0, samples });
const withFds = (samples: readonly Sample[], change: (age: number, i: number) => number): Sample[] =>
  samples.map((row, i) => ({
    ...row,
    openFds: row.openFds === null ? null : Math.max(0, Math.round(row.openFds + change((row.at - (row.processStart ?? row.at)) / 1000, i))),
  }));
/** An hour and a half of a healthy node, every 15 s, with a limit that leaves little doubt. */
const calm = (seed: number, shape: object = {}) => demoNode({ seed, to: 5400, every: 15, limit: 16_384, ...shape });

describe('a leak under way', () => {
  for (const kind of ['pool', 'eof'] as const)
    for (const perMinute of [60, 120])
      test(`${kind}, ${perMinute} fds a minute, is called leaking within 3 minutes of the start, with its rate and its end`, () => {
        for (let seed = 0; seed < 25; seed += 1) {
          const got = assess(demoNode({ seed, to: 180, leak: { perMinute, kind } }));
          assert.equal(got.verdict, 'leaking', `seed ${seed}`);
          const { perMinute: rate, timeToEmfileSeconds: end, per1000Connections } = got;
          assert.ok(rate && rate.low > 0 && rate.mid > perMinute / 2 && rate.mid < perMinute * 2, JSON.stringify(rate));
          assert.ok(per1000Connections && per1000Connections.low > 0);
          assert.ok(end && end.low > 0 && end.low <= end.mid && (end.high === null || end.mid <= end.high), JSON.stringify(end));
        }
      });

  test('that began in the middle of a long healthy life is seen within minutes', () => {
    const got = assess(demoNode({ seed: 5, to: 7200 + 300, leak: { perMinute: 90, kind: 'pool', fromAge: 7200 } }));
    assert.equal(got.verdict, 'leaking');
    assert.ok((got.perMinute?.mid ?? 0) > 45);
  });

  test('is still leaking, at the slope from before, once the node is full and its fds are flat', () => {
    const samples = demoNode({ seed: 3, to: 1200, leak: { perMinute: 120, kind: 'pool' }, limit: 1024 });
    assert.equal(samples.at(-1)?.openFds, 1024);
    const got = assess(samples);
    assert.equal(got.verdict, 'leaking');
    assert.ok((got.perMinute?.mid ?? 0) > 80, JSON.stringify(got.perMinute));
    assert.equal(got.timeToEmfileSeconds?.mid, 0);
  });

  test('is seen through lost scrapes and a counter that falls back without a restart', () => {
    const samples = demoNode({ seed: 8, to: 900, leak: { perMinute: 90, kind: 'pool' } }).filter((_, i) => i % 10 < 6);
    const reset = samples.map((row, i) => (i < 60 ? row : { ...row, acceptedTotal: (row.acceptedTotal ?? 0) % 1000 }));
    for (const rows of [samples, reset]) {
      const got = assess(rows);
      assert.equal(got.verdict, 'leaking');
      assert.ok((got.per1000Connections?.mid ?? 0) > 100);
    }
  });
});

describe('a healthy node', () => {
  test('is never called leaking, right after a restart with reconnecting tunnels and a filling pool included', () => {
    for (let seed = 0; seed < 12; seed += 1) {
      const samples = demoNode({ seed, to: 600, pool: seed % 2 ? 30 : 0, foreign: seed % 3 === 0 });
      for (let n = 6; n <= samples.length; n += 3)
        assert.notEqual(assess(samples.slice(0, n)).verdict, 'leaking', `seed ${seed}, ${n} rows`);
    }
  });

  test('is cleared once a leak that fills it in three days would have shown', () => {
    assert.equal(assess(calm(1)).verdict, 'not-leaking');
  });

  test('is not judged in its first minute, and is told what is missing', () => {
    const got = assess(demoNode({ seed: 1, to: 40 }));
    assert.equal(got.verdict, 'cannot-tell');
    assert.match(got.missing ?? '', /samples|minute/);
  });

  for (const [what, change] of [
    ['a step', (age: number) => (age > 2400 ? 150 : 0)],
    ['a spike', (age: number) => (age > 2400 && age < 2520 ? 900 : 0)],
    ['a cache that fills up', (age: number) => 120 * (1 - Math.exp(-age / 400))],
  ] as const)
    test(`${what} of fds that nothing explains is no leak`, () => {
      for (let seed = 0; seed < 8; seed += 1) assert.notEqual(assess(withFds(calm(seed), change)).verdict, 'leaking', `seed ${seed}`);
    });

  test('whose tunnels cost more than two fds does not leak when the morning comes', () => {
    const start = 1_800_000_000_000;
    const rows = demoNode({ seed: 2, start, to: 6 * 3600, every: 60, limit: 16_384 }).map((row) => {
      const hours = (row.at - start) / 3_600_000;
      const live = Math.round(100 + 90 * Math.sin((hours / 6) * Math.PI - Math.PI / 2) + 12 * Math.sin(hours * 19));
      return { ...row, connectionsActive: live, connectionsStale: 0, openFds: 24 + Math.round(2.3 * live) };
    });
    for (let n = 30; n <= rows.length; n += 10) assert.notEqual(assess(rows.slice(0, n)).verdict, 'leaking', `${n} minutes`);
  });

  test('known by an fd count alone is not judged by a rising count within its first day', () => {
    const rows = calm(4).map((row, i) => ({
      ...row,
      openFds: 100 + i,
      connectionsActive: null,
      connectionsStale: null,
      acceptedTotal: null,
    }));
    const got = assess(rows);
    assert.equal(got.verdict, 'cannot-tell');
    assert.match(got.missing ?? '', /day/);
  });
});

describe('whatever the samples', () => {
  const shapes = fc.record({ seed: fc.nat(10_000), minutes: fc.integer({ min: 2, max: 60 }), leak: fc.constantFrom(0, 0, 30, 90) });
  const life = ({ seed, minutes, leak }: { seed: number; minutes: number; leak: number }) =>
    demoNode({ seed, to: minutes * 60, ...(leak ? { leak: { perMinute: leak, kind: 'pool' as const } } : {}) });

  test('a shift of the clock changes nothing', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: -1_000_000, max: 1_000_000 }), (shape, seconds) => {
        const samples = life(shape);
        const shifted = samples.map((row) => ({
          ...row,
          at: row.at + seconds * 1000,
          processStart: (row.processStart ?? 0) + seconds * 1000,
        }));
        assert.deepEqual(assess(shifted), assess(samples));
      }),
      { numRuns: 40 },
    );
  });

  test('a constant added to open fds and limit changes no verdict and no rate', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 5000 }), (shape, more) => {
        const samples = life(shape);
        const moved = samples.map((row) => ({ ...row, openFds: (row.openFds ?? 0) + more, fdLimit: (row.fdLimit ?? 0) + more }));
        const [a, b] = [assess(samples), assess(moved)];
        assert.equal(b.verdict, a.verdict);
        if (a.perMinute && b.perMinute) assert.ok(Math.abs(a.perMinute.mid - b.perMinute.mid) < 1e-6);
      }),
      { numRuns: 40 },
    );
  });

  test('nothing before the last process start counts, in whatever order the earlier lives came', () => {
    fc.assert(
      fc.property(shapes, fc.array(shapes, { maxLength: 3 }), fc.boolean(), (shape, earlier, turned) => {
        const last = life(shape);
        const lives = (turned ? earlier.toReversed() : earlier).flatMap((s, k) => {
          const start = 1_790_000_000_000 + k * 10_000_000;
          return demoNode({ seed: s.seed, start, to: s.minutes * 60, leak: { perMinute: 200, kind: 'pool' } });
        });
        assert.deepEqual(assess([...lives, ...last]), assess(last));
      }),
      { numRuns: 40 },
    );
  });

  test('more leak never turns leaking into not leaking', () => {
    fc.assert(
      fc.property(shapes, fc.double({ min: 1, max: 300, noNaN: true }), (shape, perMinute) => {
        const samples = life(shape);
        if (assess(samples).verdict !== 'leaking') return;
        assert.notEqual(assess(withFds(samples, (age) => (perMinute * age) / 60)).verdict, 'not-leaking');
      }),
      { numRuns: 40 },
    );
  });

  test('intervals and bands are in order and finite', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat(200), { maxLength: 60 }), (shape, holes) => {
        const gone = new Set(holes);
        const rows = life(shape).flatMap((row, i) => (gone.has(i) ? (i % 2 ? [] : [{ ...row, openFds: null }]) : [row]));
        const got = assess(rows);
        for (const x of [got.perMinute, got.per1000Connections]) {
          if (x) assert.ok([x.low, x.mid, x.high].every(Number.isFinite) && x.low <= x.mid && x.mid <= x.high, JSON.stringify(x));
        }
        const band = got.timeToEmfileSeconds;
        if (band) assert.ok(band.low >= 0 && band.low <= band.mid && (band.high === null || band.mid <= band.high), JSON.stringify(band));
      }),
      { numRuns: 60 },
    );
  });

  /** No change of these kinds may turn one verdict into its opposite. */
  const opposite = (a: string, b: string) => (a === 'leaking' && b === 'not-leaking') || (a === 'not-leaking' && b === 'leaking');
  const long = fc.record({ seed: fc.nat(10_000), leak: fc.constantFrom(0, 0, 6, 30) });
  const hours = ({ seed, leak }: { seed: number; leak: number }) =>
    demoNode({ seed, to: 5400, every: 15, limit: 16_384, ...(leak ? { leak: { perMinute: leak, kind: 'pool' as const } } : {}) });

  test('a node k times as large that leaks k times as fast leaks, at k times the rate', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 2, max: 5 }), (seed, k) => {
        const samples = hours({ seed, leak: 30 });
        const times = (value: number | null) => (value === null ? null : value * k);
        const large = samples.map((row) => ({
          ...row,
          ...{ openFds: times(row.openFds), fdLimit: times(row.fdLimit), connectionsActive: times(row.connectionsActive) },
          ...{ connectionsStale: times(row.connectionsStale), poolIdle: times(row.poolIdle), acceptedTotal: times(row.acceptedTotal) },
        }));
        const [one, many] = [assess(samples), assess(large)];
        assert.deepEqual([one.verdict, many.verdict], ['leaking', 'leaking']);
        assert.ok(Math.abs((many.perMinute?.mid ?? 0) / (one.perMinute?.mid ?? 1) / k - 1) < 0.02);
        assert.ok(Math.abs((many.per1000Connections?.mid ?? 0) / (one.per1000Connections?.mid ?? 1) - 1) < 0.02);
      }),
      { numRuns: 20 },
    );
  });

  test('lost samples, and samples stored twice, never turn a verdict into its opposite', () => {
    fc.assert(
      fc.property(long, fc.integer({ min: 2, max: 5 }), fc.nat(250), fc.nat(80), (shape, every, from, length) => {
        const samples = hours(shape);
        const whole = assess(samples).verdict;
        const thinned = samples.filter((_, i) => i % every === 0);
        const holed = samples.filter((_, i) => i < from || i > from + length);
        const doubled = samples.flatMap((row) => [row, row]);
        for (const rows of [thinned, holed, doubled]) assert.ok(!opposite(whole, assess(rows).verdict), whole);
      }),
      { numRuns: 30 },
    );
  });

  test('a counter that starts anew within a life changes no verdict, and the rate per connection stays near', () => {
    fc.assert(
      fc.property(long, fc.integer({ min: 20, max: 340 }), (shape, at) => {
        const samples = hours(shape);
        const base = samples[at]?.acceptedTotal ?? 0;
        const reset = samples.map((row, i) => (i < at ? row : { ...row, acceptedTotal: (row.acceptedTotal ?? 0) - base }));
        const [a, b] = [assess(samples), assess(reset)];
        assert.equal(b.verdict, a.verdict);
        const [x, y] = [a.per1000Connections?.mid ?? 0, b.per1000Connections?.mid ?? 0];
        assert.ok(Math.abs(x - y) <= 0.05 * Math.abs(x) + 0.1, `${x} and ${y}`);
      }),
      { numRuns: 30 },
    );
  });

  test('a clock that was set back is not judged over: only what came after counts', () => {
    fc.assert(
      fc.property(long, fc.integer({ min: 1, max: 350 }), fc.integer({ min: 20, max: 7200 }), (shape, at, seconds) => {
        const samples = hours(shape);
        const stepped = samples.map((row, i) => (i < at ? row : { ...row, at: row.at - seconds * 1000 }));
        assert.deepEqual(assess(stepped), assess(stepped.slice(at)));
      }),
      { numRuns: 40 },
    );
  });

  test('a clock that jumped ahead leaves a gap: healthy stays healthy', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.integer({ min: 30, max: 330 }), fc.integer({ min: 60, max: 86_400 }), (seed, at, seconds) => {
        const samples = hours({ seed, leak: 0 }).map((row, i) => (i < at ? row : { ...row, at: row.at + seconds * 1000 }));
        assert.notEqual(assess(samples).verdict, 'leaking');
      }),
      { numRuns: 30 },
    );
  });

  test('rows in any other order than that of time are not judged as if they were', () => {
    fc.assert(
      fc.property(fc.nat(10_000), (seed) => {
        const next = random(seed);
        const shuffled = hours({ seed, leak: 30 })
          .map((row) => ({ row, key: next() }))
          .sort((a, b) => a.key - b.key)
          .map(({ row }) => row);
        assert.equal(assess(shuffled).verdict, 'cannot-tell');
      }),
      { numRuns: 20 },
    );
  });
});
