import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { NODE_STATES } from '#shared/node-states.ts';
import { RUN_STATUSES } from '#shared/runs.ts';
import type { Db } from './db/index.ts';
import type { EventHub } from './events/index.ts';
import type { Nodes } from './nodes/index.ts';
import type { Scraper } from './scrape/index.ts';
import type { Ssh } from './ssh/index.ts';

export type Telemetry = ReturnType<typeof createTelemetry>;

/** Paths that are told apart; an id, and whatever nobody serves, is one label value, so a stranger cannot make series. */
const NOUNS = [
  ...[
    'account',
    'alert-rules',
    'alerts',
    'audit',
    'auth',
    'backtest',
    'change-rules',
    'changes',
    'channels',
    'deliveries',
    'drills',
    'reports',
    'events',
    'fleet',
    'grants',
    'incidents',
    'nodes',
    'openapi',
    'runbooks',
    'runbook-schema',
    'runs',
    'sd',
  ],
  ...['session', 'sessions', 'setup', 'silences', 'ssh-key', 'tokens', 'users'],
];

/** What the console tells of itself, for a Prometheus beside it: its process, its requests, what it scrapes, what it runs. */
export function createTelemetry(deps: {
  db: Db;
  events: Pick<EventHub, 'subscribe'>;
  nodes: Pick<Nodes, 'list'>;
  scraper: Pick<Scraper, 'health'>;
  ssh: Pick<Ssh, 'sessions'>;
  version: string;
}) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'headroom_build_info', help: 'Always 1', labelNames: ['version'], registers }).set({ version: deps.version }, 1);
  new Gauge({
    name: 'headroom_nodes',
    help: 'Registered nodes by state',
    labelNames: ['state'],
    registers,
    async collect() {
      const count = new Map<string, number>(NODE_STATES.map((state) => [state, 0]));
      for (const { id } of await deps.nodes.list()) {
        const { state } = deps.scraper.health(id);
        count.set(state, (count.get(state) ?? 0) + 1);
      }
      for (const [state, n] of count) this.set({ state }, n);
    },
  });
  new Gauge({
    name: 'headroom_runs',
    help: 'Runs by status, all that are kept',
    labelNames: ['status'],
    registers,
    async collect() {
      for (const status of RUN_STATUSES) this.set({ status }, 0);
      const rows = await deps.db
        .selectFrom('runs')
        .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
        .groupBy('status')
        .execute();
      for (const { status, count } of rows) this.set({ status }, Number(count));
    },
  });
  new Gauge({
    name: 'headroom_ssh_sessions',
    help: 'Open SSH sessions to nodes',
    registers,
    collect() {
      this.set(deps.ssh.sessions());
    },
  });
  const samples = new Counter({ name: 'headroom_samples_total', help: 'Samples that this process took of nodes', registers });
  const events = new Counter({ name: 'headroom_events_total', help: 'Events told to browsers', labelNames: ['type'], registers });
  const seconds = new Histogram({
    name: 'headroom_http_request_seconds',
    help: 'Requests by route; event streams are left out',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers,
  });
  const stopFollowing = deps.events.subscribe((_id, event, { own }) => {
    events.inc({ type: event.type });
    if (event.type === 'fleet.sample' && own) samples.inc();
  });

  return {
    request(request: { method: string; path: string; status: number; seconds: number }): void {
      const route = routeOf(request.path);
      if (route === '/api/v1/events') return;
      const status = `${Math.floor(request.status / 100)}xx`;
      seconds.observe({ method: request.method, route, status }, request.seconds);
    },
    page: async (): Promise<{ type: string; body: string }> => ({ type: registry.contentType, body: await registry.metrics() }),
    stop: (): void => stopFollowing(),
  };
}

/** `/api/v1/nodes/n_1/config` is `/api/v1/nodes/:id/config`; pages and their assets are one each. */
export function routeOf(path: string): string {
  const [, api, version, noun = '', id, part] = path.split('/');
  if (api !== 'api') return api === '_next' ? 'assets' : 'pages';
  if (version !== 'v1' || !NOUNS.includes(noun)) return 'unknown';
  const tail = part !== undefined && /^[a-z-]{1,20}$/.test(part) && PARTS.includes(part) ? `/${part}` : part === undefined ? '' : '/:part';
  return `/api/v1/${noun}${id === undefined ? '' : '/:id'}${tail}`;
}

const PARTS = [
  ...[
    'abort',
    'acknowledge',
    'approve',
    'buy-time',
    'by-hand',
    'captures',
    'check',
    'config',
    'events',
    'evidence',
    'fds',
    'gates',
    'host-key',
    'link',
    'logs',
    'metrics',
    'pause',
    'resume',
  ],
  ...['edit', 'merge', 'notes', 'postmortem', 'reopen', 'resolve', 'split'],
  ...['retry', 'rollback', 'sessions', 'skip', 'targets', 'test', 'versions'],
];
