import type { HostPort } from '../contract/addresses.ts';
import type { FdKind, Phase } from '../contract/words.ts';
import type { Exposed } from '../observe/exposition.ts';
import { fds, generations, phases } from '../observe/snapshot.ts';
import type { Readiness } from './pages.ts';

/** Tunnels that /status shows, the oldest first. */
export const OLDEST = 10;

/** One connection as /status shows it. */
export type ShownConnection = {
  client: string;
  protocol: string;
  name: string | null;
  backend: string | null;
  phase: Phase;
  seconds: number;
  bytesUp: number;
  bytesDown: number;
  /** of the config that it began with */
  generation: number;
};

/** The JSON of /status. */
export type Status = Readiness & {
  version: string;
  node: string;
  pid: number;
  config: { sha256: string; generation: number; reloadFailed: boolean };
  drill: string | null;
  accepted: number;
  connections: { active: number; max: number; phases: Record<Phase, number>; generations: Record<string, number> };
  /** with several workers, of the one nearest its limit */
  fds: { open: number; limit: number; budget: number; baseline: number; kinds: Record<FdKind, number> };
  pool: { enabled: boolean; created: number; idle: number; leased: number; destroyed: number };
  oldest: ShownConnection[];
};

export type WorkerStatus = {
  worker: number;
  pid: number;
  /** silent: it does not answer; its tunnels may hang */
  state: 'starting' | 'running' | 'silent';
  since: string;
  accepted: number;
  active: number;
  open: number;
  limit: number;
};
export type SharedStatus = Status & { listeners: HostPort[]; losses: number; workers: WorkerStatus[] };

export function statusOf({ core, listeners, version, reloadFailed }: Exposed, readiness: Readiness): Status {
  const now = core.wheel.now();
  const oldest = [...core.connections].sort((a, b) => a.startedAt - b.startedAt).slice(0, OLDEST);
  return {
    version,
    node: process.version,
    pid: process.pid,
    config: { sha256: core.live.sha256, generation: core.live.generation, reloadFailed: reloadFailed() },
    drill: core.drills.name,
    ...readiness,
    accepted: core.counters.accepted,
    connections: { active: core.connections.size, max: core.maxConnections, phases: phases(core), generations: generations(core) },
    fds: fds(core, listeners()),
    pool: {
      enabled: core.pool.enabled,
      created: core.pool.created,
      idle: core.pool.idle,
      leased: core.pool.leased,
      destroyed: core.pool.destroyed,
    },
    oldest: oldest.map((connection) => ({
      client: connection.who,
      protocol: connection.protocol,
      name: connection.asked?.name ?? null,
      backend: connection.backend,
      phase: connection.phase(now),
      seconds: Math.round((now - connection.startedAt) / 1000),
      bytesUp: connection.up,
      bytesDown: connection.down,
      generation: connection.generation,
    })),
  };
}
