import type { Clock } from '#server/kernel/clock.ts';

type Sleeper = { at: number; order: number; wake: () => void };

/** Quiet event loop turns after which nothing but a timer can move the system on; database work takes a few each. */
const QUIET_TURNS = 12;

/**
 * Time that passes only when everybody sleeps: `runUntil` lets all that can happen now happen, then jumps to the next sleeper. Code that waits for
 * anything but this clock or the event loop must finish within a few turns.
 */
export function simulatedClock(startMs = Date.parse('2026-03-01T12:00:00Z')) {
  let now = startMs;
  let order = 0;
  const sleepers = new Set<Sleeper>();

  const clock: Clock = {
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const sleeper: Sleeper = { at: now + Math.max(0, ms), order: order++, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', () => sleepers.delete(sleeper) && reject(signal.reason), { once: true });
      }),
  };

  const settle = async (): Promise<void> => {
    for (let i = 0; i < QUIET_TURNS; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  const next = (): Sleeper | undefined => [...sleepers].sort((a, b) => a.at - b.at || a.order - b.order)[0];

  return {
    clock,
    settle,
    /** Advances until `done` holds; throws when it does not within `maxMs` of this time. */
    async runUntil(done: () => boolean | Promise<boolean>, maxMs: number): Promise<void> {
      const end = now + maxMs;
      for (;;) {
        await settle();
        if (await done()) return;
        const sleeper = next();
        if (sleeper === undefined || sleeper.at > end) throw new Error(`not so within ${maxMs / 1000} s of simulated time`);
        now = Math.max(now, sleeper.at);
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
    /** Lets `ms` pass, with all that happens meanwhile. */
    async pass(ms: number): Promise<void> {
      const end = now + ms;
      await this.runUntil(() => (next()?.at ?? Number.POSITIVE_INFINITY) > end, ms);
      now = end;
      await settle();
    },
  };
}
