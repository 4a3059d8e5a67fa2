import { within } from './deadline.ts';
import { timedOut } from './failures.ts';
import type { SshTarget } from './types.ts';

/** OpenSSH's default MaxSessions is 10; two are left for people. */
const CHANNELS = 8;
/** A session that missed a deadline is given this long for its other commands, then it is closed under them. */
const RETIRE_MS = 10_000;

/** Who may open a channel of one session now, and when the session is done with. */
export function createTurns(o: { target: SshTarget; open: () => boolean; destroy: () => void }) {
  const queue: (() => void)[] = [];
  let busy = 0;
  let retired = false;
  let usedAt = performance.now();
  let retiring: NodeJS.Timeout | undefined;
  const give = () => {
    busy--;
    usedAt = performance.now();
    queue.shift()?.();
    if (retired && busy === 0) o.destroy();
  };
  return {
    give,
    async take(ms: number, signal?: AbortSignal): Promise<void> {
      const taken = (async () => {
        while (o.open() && busy >= CHANNELS) await new Promise<void>((resolve) => queue.push(resolve));
        busy++;
      })();
      try {
        await within(taken, { ms, signal, onTimeout: () => timedOut(o.target, ms, 'all its channels are in use') });
      } catch (error) {
        void taken.then(give);
        throw error;
      }
    },
    /** The session ended: those who wait learn it. */
    wake() {
      clearTimeout(retiring);
      for (const next of queue.splice(0)) next();
    },
    usable: () => o.open() && !retired,
    idleMs: () => (busy > 0 ? 0 : performance.now() - usedAt),
    retire() {
      if (retired) return;
      retired = true;
      if (busy === 0) return o.destroy();
      retiring = setTimeout(o.destroy, RETIRE_MS);
      retiring.unref();
    },
  };
}
