import type { Audit } from '#server/audit/index.ts';
import type { Db } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Log } from '#server/kernel/log.ts';
import type { MetricStore } from '#server/metrics/index.ts';
import type { Nodes } from '#server/nodes/index.ts';
import type { NodeOps } from '#server/ssh/index.ts';
import type { FleetMember, FleetNode } from '#shared/nodes.ts';

export type DrillsDeps = {
  db: Db;
  audit: Pick<Audit, 'record'>;
  events: Pick<EventHub, 'publish' | 'subscribe'>;
  nodes: Pick<Nodes, 'list' | 'get'> & { match(selector: string): Promise<FleetMember[]> };
  ops: Pick<NodeOps, 'drill'>;
  metrics: Pick<MetricStore, 'raw'>;
  fleet(): Promise<FleetNode[]>;
  /** of several processes one moves drills on; unless given, this one */
  leads?: () => boolean;
  clock: Clock;
  log: Log;
  /** below 1, for what is drawn */
  random?: () => number;
};

/** The label by which an admin lets a node be rehearsed on; its proxy must have been started for it too. */
export const ALLOWED = { key: 'drills', value: 'allowed' } as const;

export const UNDER_WAY = ['starting', 'running', 'ending'];
