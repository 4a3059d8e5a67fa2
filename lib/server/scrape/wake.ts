import type { Clock } from '#server/kernel/clock.ts';

/** A sleep that can be cut short; a call while nobody sleeps cuts the next one. */
export function createWake(clock: Clock, stop: AbortSignal) {
  let pending = false;
  let sleeper: AbortController | null = null;
  return {
    now(): void {
      pending = true;
      sleeper?.abort();
    },
    async sleep(ms: number): Promise<void> {
      if (!pending && !stop.aborted) {
        sleeper = new AbortController();
        await clock.sleep(ms, AbortSignal.any([sleeper.signal, stop])).catch(() => undefined);
        sleeper = null;
      }
      pending = false;
    },
  };
}
export type Wake = ReturnType<typeof createWake>;
