import type { Sample } from '#shared/metrics.ts';

/** A connection holds the client's socket and the upstream's, the one being dialled included. */
const FDS_PER_TUNNEL = 2;

/** fds of `live` connections: one less for each that has no backend socket, which a node without that gauge is taken to have none of. */
const fdsOfTunnels = (live: number, { withoutBackend }: Sample): number =>
  FDS_PER_TUNNEL * live - Math.min(live, Math.max(0, withoutBackend ?? 0));

/** Tunnels that are alive: open ones without the stale ones (whose fds nothing explains). Null when the node does not export them. */
export function liveTunnels(sample: Sample): number | null {
  if (sample.connectionsActive === null) return null;
  return Math.max(0, sample.connectionsActive - (sample.connectionsStale ?? 0));
}

/**
 * fds beyond the baseline, live connections and idle pool; where a node tells no baseline it is still in it. The baseline moves: it has a descriptor for
 * each QUIC flow. NaN where open fds are unknown.
 */
export function beyondTraffic(sample: Sample): number {
  if (sample.openFds === null) return Number.NaN;
  const live = liveTunnels(sample);
  if (live === null) return sample.openFds;
  return sample.openFds - (sample.baselineFds ?? 0) - fdsOfTunnels(live, sample) - (sample.poolIdle ?? 0);
}

/**
 * Splits open fds into explained (baseline + live connections, two each or one without a backend, + idle pool) and the rest. Both are fds; together they are
 * `openFds`: gauges read a moment apart may explain more than is open, then all of it is explained. Null where the node gives no tunnels.
 */
export function explain(sample: Sample, baselineFds: number): { explained: number | null; unexplained: number | null } {
  const live = liveTunnels(sample);
  if (sample.openFds === null || live === null) return { explained: null, unexplained: null };
  const named = baselineFds + fdsOfTunnels(live, sample) + (sample.poolIdle ?? 0);
  const explained = Math.min(sample.openFds, Math.max(0, named));
  return { explained, unexplained: sample.openFds - explained };
}
