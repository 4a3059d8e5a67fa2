import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Timed, TimerWheel } from '../../../../proxy-core/src/relay/wheel.ts';

/** A wheel on a clock that the test moves; `advance` runs what a timer would. */
function wheelAt(start = 0) {
  const clock = { now: start };
  const wheel = new TimerWheel(() => clock.now);
  return {
    wheel,
    moveTo: (now: number) => {
      for (; clock.now < now; ) {
        clock.now = Math.min(now, clock.now + 50);
        wheel.advance();
      }
    },
    jumpTo: (now: number) => {
      clock.now = now;
      wheel.advance();
    },
    clock,
  };
}
const entry = (onDeadline: (now: number) => number): Timed => ({
  timedNext: null,
  timedPrevious: null,
  timedSlot: -1,
  timedDue: 0,
  onDeadline,
});

describe('the timer wheel', () => {
  test('never runs a deadline early, and less than two ticks late', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 40 }), (delays) => {
        const { wheel, moveTo } = wheelAt(12_345);
        const ran = new Map<number, number>();
        for (const [i, delay] of delays.entries())
          wheel.schedule(
            entry((now) => {
              ran.set(i, now - 12_345);
              return 0;
            }),
            12_345 + delay,
          );
        moveTo(12_345 + 200_200);
        return wheel.size === 0 && delays.every((delay, i) => (ran.get(i) ?? -1) >= delay && (ran.get(i) ?? 1e9) < delay + 100);
      }),
      { numRuns: 20 },
    );
  });

  test('runs an entry again at the time that it tells, and holds it once', () => {
    const { wheel, moveTo } = wheelAt();
    const ran: number[] = [];
    const one = entry((now) => {
      ran.push(now);
      return ran.length < 3 ? now + 1000 : 0;
    });
    wheel.schedule(one, 5000);
    wheel.schedule(one, 1000);
    assert.equal(wheel.size, 1);
    moveTo(10_000);
    assert.deepEqual(ran, [1000, 2000, 3000]);
  });

  test('lets a deadline cancel and move others that are due in the same tick', () => {
    const { wheel, moveTo } = wheelAt();
    const ran: string[] = [];
    const make = (name: string, then: () => void = () => {}) =>
      entry(() => {
        ran.push(name);
        then();
        return 0;
      });
    const [a, b] = [make('a'), make('b')];
    // The last scheduled is the first to run.
    wheel.schedule(a, 1000);
    wheel.schedule(b, 1000);
    wheel.schedule(
      make('c', () => {
        wheel.cancel(a);
        wheel.schedule(b, 2000);
      }),
      1000,
    );
    moveTo(1500);
    assert.deepEqual(ran, ['c']);
    moveTo(3000);
    assert.deepEqual(ran, ['c', 'b']);
    assert.equal(wheel.size, 0);
  });

  test('runs everything that is due after a pause longer than its turn', () => {
    const { wheel, jumpTo } = wheelAt();
    let ran = 0;
    for (const at of [10, 50_000, 100_000, 399_000, 500_000])
      wheel.schedule(
        entry(() => {
          ran += 1;
          return 0;
        }),
        at,
      );
    jumpTo(400_000);
    assert.equal(ran, 4);
    wheel.cancel(entry(() => 0));
    assert.equal(wheel.size, 1);
    jumpTo(600_000);
    assert.equal(wheel.size, 0);
  });

  test('keeps no timer while nothing is scheduled', () => {
    const { wheel } = wheelAt();
    const one = entry(() => 0);
    wheel.schedule(one, 1000);
    wheel.cancel(one);
    wheel.cancel(one);
    assert.equal(wheel.size, 0);
    assert.ok(!process.getActiveResourcesInfo().includes('Timeout'));
  });
});
