import type { FleetNode } from './nodes.ts';
import type { PoolSettings } from './runs.ts';

/** What a proxy takes where config.yaml says nothing, seconds and sockets. */
export const POOL_DEFAULTS = { max_per_host: 100, connection_ttl: 60, idle_timeout: 30 } as const;
/** From here on a budget is too tight: traffic swings by more than the rest. */
export const BUDGET_WARNS = 0.7;

export type PoolBudget = {
  /** listeners, pipes, epoll, log */
  baseline: number;
  /** two sockets each */
  tunnels: number;
  idle: number;
  /** held now and explained by nothing: a leak comes on top of any budget */
  unexplained: number;
  expected: number;
  limit: number | null;
  /** of the limit */
  share: number | null;
  /** what bounds the idle sockets: the traffic, `max_per_host`, or nothing is pooled */
  boundBy: 'off' | 'traffic' | 'max_per_host';
};

/**
 * The fds that a node holds in a steady state with these settings, from its own traffic. Each connection leaves one socket that stays for its idle time
 * (Little's law), so this is the most that the pool can hold: reuse makes it less. Null where the traffic is not known.
 */
export function poolBudget(
  node: Pick<FleetNode, 'connectionsActive' | 'acceptedPerSecond' | 'explainedFds' | 'unexplainedFds' | 'openFds' | 'fdLimit' | 'pool'>,
  settings: PoolSettings,
  upstreamHosts: number,
): PoolBudget | null {
  const { connectionsActive, acceptedPerSecond, fdLimit, explainedFds } = node;
  if (connectionsActive === null || acceptedPerSecond === null) return null;
  const tunnels = 2 * connectionsActive;
  const explained = explainedFds ?? node.openFds ?? tunnels;
  const baseline = Math.max(0, explained - tunnels - (node.pool.idle ?? 0));
  const enabled = settings.enabled ?? node.pool.enabled ?? false;
  const of = (key: keyof typeof POOL_DEFAULTS): number => settings[key] ?? POOL_DEFAULTS[key];
  const byTraffic = acceptedPerSecond * Math.min(of('idle_timeout'), of('connection_ttl'));
  const most = of('max_per_host') * Math.max(1, upstreamHosts);
  const idle = enabled ? Math.round(Math.min(byTraffic, most)) : 0;
  const expected = baseline + tunnels + idle;
  return {
    ...{ baseline, tunnels, idle, expected, limit: fdLimit, unexplained: node.unexplainedFds ?? 0 },
    share: fdLimit === null || fdLimit <= 0 ? null : expected / fdLimit,
    boundBy: !enabled ? 'off' : byTraffic <= most ? 'traffic' : 'max_per_host',
  };
}
