import type { Status } from '../admin/status.ts';
import type { HostPort } from '../contract/addresses.ts';
import type { Config } from '../contract/config.ts';
import type { Drill } from '../contract/words.ts';
import type { ListenAt } from '../listen.ts';
import type { Family } from '../observe/exposition.ts';

/** What a worker needs to begin: its share of the config, and the listeners, whose descriptors it was born with. */
export type Start = {
  worker: number;
  config: Config;
  sha256: string;
  generation: number;
  drill: Drill | null;
  drillOrders: string | null;
  clients: (HostPort & { fd: number })[];
  datagrams: ListenAt[];
  alsoOwn: HostPort[];
};

/** Said by the primary. Nothing is said for a connection: the workers accept by themselves. */
export type ToWorker =
  | { kind: 'start'; start: Start }
  | { kind: 'reload'; config: Config; sha256: string; generation: number }
  | { kind: 'drain' }
  | { kind: 'force' }
  | { kind: 'ask'; id: number };

/** `answer`: what a worker counts, to be joined with what the others count. */
export type Answer = { families: Family[]; status: Status };

/** Said by a worker. `last` is its final count, before it leaves in order; `bye` says nothing but that all before it was sent. */
export type FromWorker =
  | { kind: 'up' }
  | { kind: 'started'; limit: number; baseline: number }
  | { kind: 'failed'; message: string }
  | { kind: 'reloaded'; generation: number }
  | { kind: 'answer'; id: number; answer: Answer }
  | { kind: 'last'; answer: Answer }
  | { kind: 'bye' };
