import type { Command } from '#server/command/index.ts';
import type { Db, Tx } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import type { Nodes } from '#server/nodes/index.ts';
import type { Runbooks } from '#server/runbooks/index.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetMember, FleetNode } from '#shared/nodes.ts';
import type { Sealed } from './bundle/signing-key.ts';
import type { RunQueue } from './queue.ts';
import type { Releases } from './releases.ts';

export type RunsDeps = {
  db: Db;
  command: Command;
  nodes: Pick<Nodes, 'get' | 'list'>;
  runbooks: Runbooks;
  ops: NodeOps;
  configFiles: { agree(db: Db | Tx, nodeId: string, sha256: string): Promise<void> };
  scraper: { focus(nodeId: string, untilMs: number): void; nudge(nodeId: string): void };
  metrics: { recent(nodeId: string, sinceMs: number): Sample[] };
  events: EventHub;
  /** how runs come to the engines of several processes; in this process alone unless said */
  queue?: RunQueue;
  /** of this process, never used before; made up unless said */
  engineId?: string;
  /** tarballs that may be pushed */
  releases?: Releases;
  clock: Clock;
  log: Log;
  /** where the key is kept that signs evidence */
  sealed: Sealed;
  /** what selectors may ask beside labels: pool, leak, state, drift, version */
  facts?: (member: FleetMember) => Record<string, string>;
  /** the outbox of the channels: `key` names a message for good, sending it again is the same one; both throw channel.not-found */
  messages?: {
    send(message: { key: string; channel: string; title: string; text: string; link: string; by: string }): Promise<void>;
    answer(channel: string, key: string): Promise<{ state: string; answer: string | null; attempts: number } | null>;
  };
  /**
   * Keeps what a restart of the node would destroy, where that is worth it, in words for the receipt; null where nothing is at stake.
   * Throws a HeadroomError when it could not be kept.
   */
  keepBeforeRestart?: (nodeId: string) => Promise<string | null>;
  /** every node as it was last seen; preflight asks whether its peers could take a node's load */
  fleet?: () => Promise<readonly FleetNode[]>;
};
