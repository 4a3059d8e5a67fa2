import { setImmediate as nextTurn } from 'node:timers/promises';
import v8 from 'node:v8';
import vm from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { openSqlite } from '#server/db/index.ts';
import { History } from './history.ts';
import type { Answers, Ask, Reply, Request, WorkerStart } from './protocol.ts';

// The metric store's thread: node:sqlite is synchronous, so it gets a thread of its own and the console never waits for the disk.
const start = workerData as WorkerStart;
const history = new History(openSqlite(start.file), start.retention);
let pruning: Promise<number> | null = null;

parentPort?.on('message', ({ id, ask }: Request) => {
  const reply = (message: Reply, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);
  const failed = (error: unknown) => reply({ id, ok: false, message: error instanceof Error ? error.message : String(error) });
  try {
    if (ask.op === 'prune') {
      pruning ??= prune(ask.nowMs).finally(() => {
        pruning = null;
      });
      pruning.then((answer) => reply({ id, ok: true, answer }), failed);
      return;
    }
    const answer = handle(ask);
    reply({ id, ok: true, answer }, buffers(answer));
    if (ask.op === 'close') parentPort?.close();
  } catch (error) {
    failed(error);
  }
});

function handle(ask: Exclude<Ask, { op: 'prune' }>): Answers[Ask['op']] {
  switch (ask.op) {
    case 'append':
      history.append(ask.keys, ask.rows);
      return null;
    case 'raw':
      return history.raw(ask.key, ask.fromMs, ask.toMs);
    case 'columns':
      return history.columns(ask.key, ask.fromMs, ask.toMs, ask.places);
    case 'query':
      return history.query(ask.key, ask.query, ask.nowMs);
    case 'recent': {
      const answer = history.recent(ask.sinceMs, ask.fullSinceMs, ask.nodes);
      collectGarbage();
      return answer;
    }
    case 'close':
      history.close();
      return null;
  }
}

v8.setFlagsFromString('--expose-gc');
const collect: unknown = vm.runInNewContext('gc');
v8.setFlagsFromString('--no-expose-gc');

/**
 * Reading a whole fleet back in makes a blob of each chunk. V8 lets some 60 MB of those wait for their end, and the room that they had stays with
 * the process for good, in pieces.
 */
function collectGarbage(): void {
  if (typeof collect === 'function') collect();
}

/** One small slice a turn: appends and queries that came meanwhile go first. */
async function prune(nowMs: number): Promise<number> {
  let deleted = 0;
  for (const slice of history.prune(nowMs)) {
    deleted += slice;
    await nextTurn();
  }
  return deleted;
}

function buffers(answer: Answers[Ask['op']]): ArrayBuffer[] {
  if (answer instanceof Float64Array) return [owned(answer)];
  if (Array.isArray(answer)) return answer.map(owned);
  if (answer !== null && typeof answer === 'object') return [owned('rows' in answer ? answer.rows : answer.bytes)];
  return [];
}

/** Rows are always made here with a buffer of their own, never shared memory. */
function owned(rows: Float64Array | Uint8Array): ArrayBuffer {
  return rows.buffer as ArrayBuffer;
}
