import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { createEventHub } from '#server/events/index.ts';
import { type Clock, systemClock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { createRecentSamples } from '#server/metrics/recent.ts';
import { createScraper, type ScraperDeps } from '#server/scrape/scraper.ts';
import type { ExecResult, Probe } from '#server/ssh/index.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { LiveEvent } from '#shared/events.ts';
import type { Sample } from '#shared/metrics.ts';
import type { FleetMember } from '#shared/nodes.ts';

export type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/** A page of one node as proxy-core prints it. */
export const pageOf = (values: Record<string, number>): string =>
  Object.entries({
    process_open_fds: 100,
    process_max_fds: 8192,
    process_start_time_seconds: 1_700_000_000,
    sniproxy_connections_active: 10,
    ...values,
  })
    .map(([name, value]) => `${name} ${value}\n`)
    .join('');

/** A node's metrics server whose answers the test changes as it goes. */
export async function metricsServer(t: TestContext, handler: Handler) {
  let handle = handler;
  const sockets = new Set<Socket>();
  const server = http.createServer((request, response) => handle(request, response));
  let connections = 0;
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  t.after(close);
  return {
    port,
    url: `http://127.0.0.1:${port}/metrics`,
    answer: (next: Handler) => {
      handle = next;
    },
    connections: () => connections,
    close,
    listen: () => listen(port),
  };
}

/** Answers /metrics with what `page` says and /ready with 200. */
export const serving =
  (page: () => string, ready: () => { status: number; body: string } = () => ({ status: 200, body: 'ready\n' })): Handler =>
  (request, response) => {
    if (request.url !== '/ready') return void response.end(page());
    const { status, body } = ready();
    response.writeHead(status).end(body);
  };

export const member = (metrics: FleetMember['metrics'], values: Partial<FleetMember> = {}): FleetMember => ({
  id: 'n_1',
  name: 'edge-1',
  host: '127.0.0.1',
  sshPort: 22,
  user: 'sre',
  unit: 'sniproxy',
  configPath: '/etc/sniproxy/config.yaml',
  labels: {},
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  metrics,
  ...values,
});

export const probeOf = (values: Partial<Probe> = {}): Probe => ({
  nodeClockMs: Date.now(),
  mainPid: 4711,
  activeState: 'active',
  subState: 'running',
  canReload: false,
  nRestarts: 0,
  processStartMs: 1_700_000_000_400,
  openFds: 100,
  fdSoftLimit: 8192,
  fdHardLimit: 524_288,
  mayRaiseHard: true,
  kernelLimit: 1_048_576,
  comm: 'sniproxy-server',
  listeners: [],
  socketStates: {},
  configSha256: 'aa'.repeat(32),
  ...values,
});

export const sshFails = (code: ErrorCode, detail: string) => () => {
  throw new HeadroomError(code, detail);
};

/** A scraper over fake SSH; `probe` and `openTcp` are what the test says now. */
export function rig(
  t: TestContext,
  options: {
    members: FleetMember[];
    intervalMs?: number;
    openTcp?: (to: { host: string; port: number }) => Promise<Duplex>;
    exec?: (command: string) => ExecResult;
    dialer?: NonNullable<ScraperDeps['dialer']>;
    clock?: Clock;
  },
) {
  const memory = createRecentSamples({ keepMs: 7_200_000, thinKeepMs: 7_200_000 });
  const samples: Sample[] = [];
  const seen: LiveEvent[] = [];
  const events = createEventHub();
  events.subscribe((_, event) => seen.push(event));
  const listeners = new Set<() => void>();
  const state = { members: options.members, probe: (): Probe => probeOf(), probes: 0 };
  const scraper = createScraper({
    nodes: {
      list: async () => state.members,
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    metrics: {
      append: (id, sample) => {
        memory.push(id, sample);
        samples.push(sample);
      },
      recent: memory.since,
      last: memory.last,
    },
    ssh: {
      openTcp: (_, to) => options.openTcp?.(to) ?? Promise.reject(new Error('no channels here')),
      exec: async (_, command) => options.exec?.(command.readable) ?? Promise.reject(new Error('no commands here')),
    },
    ops: {
      probe: async () => {
        state.probes++;
        const value = state.probe();
        return { value, receipt: { command: 'probe', exitCode: 0, raw: '', sha256: '', at: 0, durationMs: 1 } };
      },
    },
    events,
    clock: options.clock ?? systemClock,
    ...(options.dialer && { dialer: options.dialer }),
    log: pino({ level: 'silent' }),
    intervalMs: options.intervalMs ?? 100,
  });
  t.after(() => scraper.stop());
  const changed = () => {
    for (const listener of listeners) listener();
  };
  return { scraper, samples, events: seen, state, changed };
}
