import type { Retention } from '#server/kernel/retention.ts';
import type { Query } from './tiers.ts';

/** What the store and its worker thread say to each other. Rows travel as transferred typed arrays, never copied. */
export type WorkerStart = { file: string; retention: Retention };

export type Ask =
  | { op: 'append'; keys: string[]; rows: Float64Array }
  | { op: 'raw'; key: string; fromMs: number; toMs: number }
  | { op: 'columns'; key: string; fromMs: number; toMs: number; places: number[] }
  | { op: 'query'; key: string; query: Query; nowMs: number }
  | { op: 'recent'; sinceMs: number; fullSinceMs: number; nodes: { from: number; count: number } }
  | { op: 'prune'; nowMs: number }
  | { op: 'close' };

export type Answers = {
  append: null;
  raw: Float64Array;
  columns: Float64Array[];
  query: { stepMs: number; rows: Float64Array };
  /** chunks of each node in time order, one behind the other in one buffer: thousands of small ones would leave their room in pieces */
  recent: { nodes: { key: string; lengths: number[] }[]; bytes: Uint8Array };
  /** rows deleted */
  prune: number;
  close: null;
};

export type Request = { id: number; ask: Ask };
export type Reply = { id: number; ok: true; answer: Answers[Ask['op']] } | { id: number; ok: false; message: string };
