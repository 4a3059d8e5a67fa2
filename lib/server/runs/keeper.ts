import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import type { WayBackGuard } from './way-back.ts';

/** How soon a failed extension is tried again. */
const RETRY_MS = 1000;

/**
 * While a node is armed its deadline is pushed ahead four times per `confirmSeconds`, on a loop of its own: however long a step takes or waits, the
 * node hears from us as long as this process lives and reaches it. Ends by itself once the node is not armed any more.
 */
export function keepArmed(options: {
  wayBack: WayBackGuard;
  seconds: number;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
  /** the deadline could not be extended; `at` is when that was seen */
  onOverdue: () => void;
}): Promise<void> {
  const { wayBack, clock, log, signal } = options;
  const everyMs = (options.seconds * 1000) / 4;
  const loop = async (): Promise<void> => {
    let failing = false;
    while (!signal.aborted) {
      await clock.sleep(failing ? Math.min(RETRY_MS, everyMs) : everyMs, signal);
      try {
        if ((await wayBack.extend()) !== 'armed') return;
        failing = false;
      } catch (error) {
        if (!failing) log.warn({ err: error }, 'the automatic revert of a node could not be extended; trying on');
        failing = true;
        options.onOverdue();
      }
    }
  };
  return loop().catch(() => undefined);
}
