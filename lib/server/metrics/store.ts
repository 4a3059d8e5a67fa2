import { Worker } from 'node:worker_threads';
import { systemClock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Sample } from '#shared/metrics.ts';
import { type Bucket, readBuckets } from './bucket-row.ts';
import { DEFAULT_RETENTION, type Retention } from './history.ts';
import type { Answers, Ask, Reply, Request, WorkerStart } from './protocol.ts';
import { createRecentSamples } from './recent.ts';
import { readSamples, SAMPLE_WIDTH, writeSample } from './sample-row.ts';

/** The seam for samples: what SQLite does here, PostgreSQL or a Prometheus-compatible server can do. Ranges are [fromMs, toMs). */
export type MetricStore = {
  /** Never waits. Stored with the next tick, one transaction for all nodes. */
  append(nodeId: string, sample: Sample): void;
  /** Resolves when everything appended so far is stored. */
  flush(): Promise<void>;
  /** From memory: every sample of the last 2 hours, before them one a minute up to 30 hours back. */
  recent(nodeId: string, sinceMs: number): Sample[];
  last(nodeId: string): Sample | null;
  raw(nodeId: string, fromMs: number, toMs: number): Promise<Sample[]>;
  /** `stepSeconds` of the answer is wider than asked where only wider buckets are kept. Buckets without samples are left out. */
  query(nodeId: string, range: { fromMs: number; toMs: number; stepSeconds: number }): Promise<{ stepSeconds: number; buckets: Bucket[] }>;
  /** Retention; returns how many rows it deleted. Runs by itself every 5 minutes. */
  prune(nowMs: number): Promise<number>;
  close(): Promise<void>;
};

export const RECENT_MS = 2 * 3_600_000;
/** Slow leaks and nodes known by their fd count only are judged by more than a day. */
export const LONG_MS = 30 * 3_600_000;
/** How long a sample waits for others to share a transaction with; also what a crash may lose. */
const TICK_MS = 1000;
const PRUNE_EVERY_MS = 5 * 60_000;
const RESTART_AFTER_MS = 1000;
/** Samples held while the thread is gone, 27 MiB; beyond, the oldest are dropped. */
const MAX_HELD = 200_000;

export async function openMetricStore(options: {
  file: string;
  now?: () => number;
  retention?: Retention;
  onError?: (words: string, error: unknown) => void;
}): Promise<MetricStore> {
  const now = options.now ?? systemClock.now;
  const recent = createRecentSamples({ keepMs: RECENT_MS, thinKeepMs: LONG_MS });
  const thread = startThread(
    { file: options.file, retention: options.retention ?? DEFAULT_RETENTION },
    options.onError ?? (() => undefined),
  );
  let held: { nodeId: string; sample: Sample }[] = [];
  let tick: NodeJS.Timeout | null = null;
  let sending: Promise<void> = Promise.resolve();
  let closed = false;

  for (const { key, rows } of await thread.ask('recent', { op: 'recent', sinceMs: now() - LONG_MS, fullSinceMs: now() - RECENT_MS }))
    for (const sample of readSamples(rows)) recent.push(key, sample);

  const send = async () => {
    const batch = held;
    if (batch.length === 0) return;
    held = [];
    const rows = new Float64Array(batch.length * SAMPLE_WIDTH);
    batch.forEach(({ sample }, i) => {
      writeSample(rows, i * SAMPLE_WIDTH, sample);
    });
    try {
      await thread.ask('append', { op: 'append', keys: batch.map((b) => b.nodeId), rows }, [rows.buffer]);
    } catch (error) {
      // storing a sample twice changes nothing, so the whole batch goes again with the next tick
      held = [...batch, ...held].slice(-MAX_HELD);
      if (!closed) schedule();
      throw error;
    }
  };
  const flush = () => {
    if (tick) clearTimeout(tick);
    tick = null;
    sending = sending.catch(() => undefined).then(send);
    return sending;
  };
  const schedule = () => {
    tick ??= setTimeout(() => {
      tick = null;
      flush().catch((error: unknown) => options.onError?.('Samples could not be stored; they are kept in memory and tried again.', error));
    }, TICK_MS).unref();
  };
  const prune = async (nowMs: number) => {
    // a full disk fails the flush, and deleting is what helps then
    await flush().catch(() => undefined);
    return thread.ask('prune', { op: 'prune', nowMs });
  };
  const pruneTimer = setInterval(() => {
    prune(now()).catch((error: unknown) => options.onError?.('Old samples could not be deleted.', error));
  }, PRUNE_EVERY_MS).unref();

  return {
    append(nodeId, sample) {
      if (closed) return;
      recent.push(nodeId, sample);
      held.push({ nodeId, sample });
      schedule();
    },
    flush,
    recent: recent.since,
    last: recent.last,
    async raw(nodeId, fromMs, toMs) {
      await flush();
      return readSamples(await thread.ask('raw', { op: 'raw', key: nodeId, fromMs, toMs }));
    },
    async query(nodeId, { fromMs, toMs, stepSeconds }) {
      await flush();
      const ask: Ask = {
        op: 'query',
        key: nodeId,
        query: { fromMs, toMs, stepMs: Math.max(1, Math.round(stepSeconds)) * 1000 },
        nowMs: now(),
      };
      const { stepMs, rows } = await thread.ask('query', ask);
      return { stepSeconds: stepMs / 1000, buckets: readBuckets(rows) };
    },
    prune,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(pruneTimer);
      await flush().catch((error: unknown) => options.onError?.('The last samples could not be stored.', error));
      await thread.close();
    },
  };
}

/** The worker thread with one promise a request. A thread that dies fails what was asked, and is started again. */
function startThread(start: WorkerStart, onError: (words: string, error: unknown) => void) {
  type Pending = { resolve(answer: Answers[Ask['op']]): void; reject(error: unknown): void };
  const pending = new Map<number, Pending>();
  let lastId = 0;
  let closing = false;
  let worker: Worker | null = null;

  const gone = (error: unknown) => {
    for (const { reject } of pending.values())
      reject(
        new HeadroomError('server.unavailable', 'The metric store stopped; it is being started again, ask once more in a moment.', {
          cause: error,
        }),
      );
    pending.clear();
  };
  const spawn = () => {
    const thread = new Worker(new URL('./worker.ts', import.meta.url), { workerData: start, name: 'metric-store' });
    worker = thread;
    let cause: unknown = null;
    thread.unref();
    thread.on('message', (reply: Reply) => {
      const waiting = pending.get(reply.id);
      pending.delete(reply.id);
      if (pending.size === 0 && !closing) thread.unref();
      if (reply.ok) waiting?.resolve(reply.answer);
      else waiting?.reject(new Error(`metric store: ${reply.message}`));
    });
    thread.on('error', (error) => {
      cause = error;
    });
    thread.on('exit', () => {
      worker = null;
      gone(cause);
      if (closing) return;
      onError('The metric store stopped; it is started again.', cause);
      setTimeout(() => closing || spawn(), RESTART_AFTER_MS).unref();
    });
  };
  spawn();

  const ask = <Op extends Ask['op']>(_op: Op, question: Extract<Ask, { op: Op }>, transfer: ArrayBuffer[] = []): Promise<Answers[Op]> =>
    new Promise((resolve, reject) => {
      if (!worker) return reject(new HeadroomError('server.unavailable', 'The metric store is being started, ask once more in a moment.'));
      const id = ++lastId;
      pending.set(id, { resolve: asAnswer(resolve), reject });
      worker.ref(); // a question keeps the process alive until it is answered
      worker.postMessage({ id, ask: question } satisfies Request, transfer);
    });
  return {
    ask,
    async close() {
      closing = true;
      const thread = worker;
      if (!thread) return;
      const exited = new Promise((resolve) => thread.once('exit', resolve));
      await ask('close', { op: 'close' });
      await exited;
    },
  };
}

/** The worker answers each question with its own kind of answer (worker.ts, `handle`). */
function asAnswer<Op extends Ask['op']>(resolve: (answer: Answers[Op]) => void): (answer: Answers[Ask['op']]) => void {
  return resolve as (answer: Answers[Ask['op']]) => void;
}
