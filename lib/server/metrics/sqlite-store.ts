import { Worker } from 'node:worker_threads';
import { HeadroomError } from '#server/kernel/errors.ts';
import { DEFAULT_RETENTION, type Retention } from '#server/kernel/retention.ts';
import { decodeChunk, MAX_CHUNK_SAMPLES } from './chunk.ts';
import type { Answers, Ask, Reply, Request, WorkerStart } from './protocol.ts';
import { SAMPLE_WIDTH } from './sample-row.ts';
import { type MetricStore, type StoreOptions, storeOn } from './store.ts';

const RESTART_AFTER_MS = 1000;
/** Of one message at the start: about half a MiB of chunks. */
const RECENT_NODES = 10;

/** Samples in one SQLite file. node:sqlite is synchronous, so it has a thread of its own and nobody here waits for the disk. */
export async function openMetricStore(options: StoreOptions & { file: string; retention?: Retention }): Promise<MetricStore> {
  const thread = startThread(
    { file: options.file, retention: options.retention ?? DEFAULT_RETENTION },
    options.onError ?? (() => undefined),
  );
  return storeOn(
    {
      append: (keys, rows) => thread.ask('append', { op: 'append', keys, rows }, [bufferOf(rows)]),
      raw: (key, fromMs, toMs) => thread.ask('raw', { op: 'raw', key, fromMs, toMs }),
      columns: (key, fromMs, toMs, places) => thread.ask('columns', { op: 'columns', key, fromMs, toMs, places }),
      query: (key, query, nowMs) => thread.ask('query', { op: 'query', key, query, nowMs }),
      async *recent(sinceMs, fullSinceMs) {
        for (let from = 0; ; from += RECENT_NODES) {
          const asked = { from, count: RECENT_NODES };
          const { nodes, bytes } = await thread.ask('recent', { op: 'recent', sinceMs, fullSinceMs, nodes: asked });
          let at = 0;
          for (const { key, lengths } of nodes)
            for (const length of lengths) {
              yield { key, rows: inRows(bytes, at) };
              at += length;
            }
          if (nodes.length < RECENT_NODES) return;
        }
      },
      prune: (nowMs) => thread.ask('prune', { op: 'prune', nowMs }),
      close: thread.close,
    },
    options,
  );
}

const rows = new Float64Array(MAX_CHUNK_SAMPLES * SAMPLE_WIDTH);
/** Good until the next call: who reads a whole fleet back in must not leave its weight in garbage. */
const inRows = (bytes: Uint8Array, at: number): Float64Array => rows.subarray(0, decodeChunk(bytes, at, rows, 0));

/** Rows to store are made for this one message, never shared memory. */
const bufferOf = (rows: Float64Array): ArrayBuffer => rows.buffer as ArrayBuffer;

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
    const thread = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: start,
      name: 'metric-store',
      // its garbage is short-lived rows; the room that Node would let them take is better spent on samples
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
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
