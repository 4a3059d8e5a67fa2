import type { PgBoss } from 'pg-boss';
import { z } from 'zod';
import type { RunQueue } from './queue.ts';

const QUEUE = 'advance-run';
const CONNECTIONS = 3;
/** Offers of different runs that one process takes at once. */
const AT_ONCE = 4;
/** Besides being told at once. */
const LOOK_EVERY_S = 2;
/** Taking a run is one statement; an offer that a dying process holds is handed out again. */
const TAKEN_WITHIN_S = 15;
const STOP_MS = 2000;

const jobSchema = z.object({ runId: z.string() });

/** Jobs of pg-boss on the console's own PostgreSQL: one waiting job a run, tried again with growing pauses. */
export function createPgBossQueue(options: { url: string; onError: (error: unknown) => void }): RunQueue {
  let boss: Promise<PgBoss> | null = null;
  let stopped = false;

  async function open(): Promise<PgBoss> {
    // loaded here alone: most consoles have one process, and no use for it
    const { PgBoss: Boss } = await import('pg-boss');
    const opened = new Boss({
      connectionString: options.url,
      application_name: 'headroom jobs',
      max: CONNECTIONS,
      schedule: false,
      useListenNotify: true,
    });
    opened.on('error', options.onError);
    await opened.start();
    await opened.createQueue(QUEUE, {
      policy: 'short',
      notify: true,
      expireInSeconds: TAKEN_WITHIN_S,
      retryLimit: 10,
      retryDelay: 1,
      retryBackoff: true,
      retryDelayMax: 10,
      deleteAfterSeconds: 3600,
    });
    return opened;
  }

  const opened = (): Promise<PgBoss> => {
    boss ??= open().catch((error) => {
      boss = null;
      throw error;
    });
    return boss;
  };

  return {
    async start(take) {
      const works = {
        batchSize: 1,
        localConcurrency: AT_ONCE,
        pollingIntervalSeconds: LOOK_EVERY_S,
        notifyPollingIntervalSeconds: LOOK_EVERY_S,
      };
      await (await opened()).work(QUEUE, works, async (jobs) => {
        for (const { data } of jobs) await take(jobSchema.parse(data).runId);
      });
    },
    async offer(runId) {
      if (stopped) return;
      await (await opened()).send(QUEUE, { runId }, { singletonKey: runId });
    },
    async stop() {
      stopped = true;
      await (await boss)?.stop({ graceful: true, timeout: STOP_MS }).catch(options.onError);
    },
  };
}
