import type { Registry } from 'prom-client';
import type { Exposed } from '../observe/exposition.ts';
import { fds, phases } from '../observe/snapshot.ts';
import type { Pages } from './server.ts';

const OLDEST = 10;
export type Readiness = { bound: boolean; draining: boolean };

const json = (value: unknown, status = 200) => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(value, null, 2)}\n`,
});

export function createPages(registry: Registry, exposed: Exposed, readiness: () => Readiness): Pages {
  const { core, listeners, version, reloadFailed } = exposed;
  return {
    '/': () => ({ type: 'text/plain; charset=utf-8', body: '/metrics\n/health\n/ready\n/status\n' }),
    '/metrics': async () => ({ type: registry.contentType, body: await registry.metrics() }),
    '/health': () => json({ status: 'healthy', service: 'sniproxy' }),
    '/ready': () => {
      const { bound, draining } = readiness();
      return bound && !draining ? json({ ready: true }) : json({ ready: false, why: draining ? 'draining' : 'not listening yet' }, 503);
    },
    '/status': () => {
      const now = core.wheel.now();
      const oldest = [...core.connections].sort((a, b) => a.startedAt - b.startedAt).slice(0, OLDEST);
      return json({
        version,
        node: process.version,
        pid: process.pid,
        config: { sha256: core.live.sha256, generation: core.live.generation, reloadFailed: reloadFailed() },
        drill: core.drills.name,
        ...readiness(),
        accepted: core.counters.accepted,
        connections: { active: core.connections.size, max: core.maxConnections, phases: phases(core) },
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
      });
    },
  };
}
