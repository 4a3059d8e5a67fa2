import type { Page, Pages } from './server.ts';

/** `bound`: every listener is open. */
export type Readiness = { bound: boolean; draining: boolean };

const json = (value: unknown, status = 200): Page => ({
  status,
  type: 'application/json; charset=utf-8',
  body: `${JSON.stringify(value, null, 2)}\n`,
});

/** The pages of the metrics listener, of one process or of several. */
export function createPages(source: {
  metrics: () => Promise<{ type: string; body: string }>;
  status: () => object | Promise<object>;
  readiness: () => Readiness;
}): Pages {
  return {
    '/': () => ({ type: 'text/plain; charset=utf-8', body: '/metrics\n/health\n/ready\n/status\n' }),
    '/metrics': source.metrics,
    '/health': () => json({ status: 'healthy', service: 'sniproxy' }),
    '/ready': () => {
      const { bound, draining } = source.readiness();
      return bound && !draining ? json({ ready: true }) : json({ ready: false, why: draining ? 'draining' : 'not listening yet' }, 503);
    },
    '/status': async () => json(await source.status()),
  };
}
