import type { Config } from '../contract/config.ts';
import { DEFAULT_CONNECTIONS } from '../reload.ts';

/**
 * The part of a config that is one worker's own. Limits are divided, so that no worker has to ask another when a client comes:
 * max_connections exactly, so that all together never hold more; per_client and per_name rounded up, so that each lets somebody in. UDP
 * belongs to the first worker.
 */
export function shareOf(config: Config, worker: number, workers: number): Config {
  const { max_connections: all = DEFAULT_CONNECTIONS, limits, ...rest } = config;
  const part = (limit: number | undefined) => (limit === undefined ? undefined : Math.ceil(limit / workers));
  const [perClient, perName] = [part(limits?.per_client), part(limits?.per_name)];
  return {
    ...rest,
    metrics: { ...rest.metrics, enabled: false },
    max_connections: Math.max(1, Math.floor(all / workers) + (worker <= all % workers ? 1 : 0)),
    ...(limits && {
      limits: { ...(perClient !== undefined && { per_client: perClient }), ...(perName !== undefined && { per_name: perName }) },
    }),
    udp_listen_addrs: worker === 1 ? rest.udp_listen_addrs : null,
  };
}
