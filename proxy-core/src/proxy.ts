import net from 'node:net';
import { Registry } from 'prom-client';
import { createPages } from './admin/pages.ts';
import { type Admin, createAdmin } from './admin/server.ts';
import { formatHostPort, type HostPort, parseIpPort } from './contract/addresses.ts';
import type { Config } from './contract/config.ts';
import type { Drill, Refusal } from './contract/words.ts';
import { Drills } from './drill/drills.ts';
import { codeOf, messageOf, StartError } from './errors.ts';
import { Concurrency, clientKey } from './guard/concurrency.ts';
import { FDS_PER_CONNECTION, FdBudget } from './guard/fd-budget.ts';
import type { Log } from './log.ts';
import { Counters } from './observe/counters.ts';
import { type Exposed, registerMetrics } from './observe/exposition.ts';
import { createHistograms } from './observe/histograms.ts';
import { EventLoopLag } from './observe/lag.ts';
import { Connection } from './relay/connection.ts';
import type { Core } from './relay/core.ts';
import { TimerWheel } from './relay/wheel.ts';
import { KEEP_ALIVE_MS } from './relay/wire.ts';
import { clampConnections, makeLive, needsRestart } from './reload.ts';
import { ConnectionPool } from './upstream/pool.ts';

/** Connections that the kernel holds ready while the event loop is busy. */
const BACKLOG = 4096;
const MEASURE_EVERY_MS = 10_000;
const DRAIN_LOOK_MS = 100;

export type SniProxy = {
  /** binds everything or throws StartError */
  start(): Promise<void>;
  reload(config: Config, sha256: string): void;
  /** a reload was refused, and the old config stays in force */
  reloadRefused(): void;
  /** closes listeners at once, waits for tunnels up to shutdown_timeout, then cuts the rest */
  drain(): Promise<void>;
  /** cuts everything that drain() waits for */
  force(): void;
  readonly addresses: readonly HostPort[];
  readonly adminAddress: HostPort | null;
};

/** The proxy without a process around it: no signals, no exit. */
export function createProxy(options: { config: Config; sha256: string; drill: Drill | null; log: Log; version: string }): SniProxy {
  const { log } = options;
  const servers: net.Server[] = [];
  const admin: { current: Admin | null } = { current: null };
  const registry = new Registry();
  const drills = new Drills(options.drill);
  const lag = new EventLoopLag();
  let reloadFailed = false;
  let [bound, draining] = [false, false];

  /** where this process listens, for the loop check of every dial: asked of the kernel once */
  const own: HostPort[] = [];
  const core: Core = {
    live: makeLive(options.config, options.sha256, 1, () => own),
    maxConnections: 0,
    wheel: new TimerWheel(),
    log,
    counters: new Counters(),
    histograms: createHistograms(registry),
    budget: new FdBudget(),
    pool: new ConnectionPool(options.config.connection_pool?.enabled ?? false),
    drills,
    clients: new Concurrency(),
    names: new Concurrency(),
    connections: new Set(),
    onSettled: () => {},
  };
  core.budget.enforced = !drills.ignoresFdBudget;
  core.counters.setConfiguredHosts(core.live.routes.names);
  const listenerFds = () => servers.length + (admin.current?.address ? 1 : 0);
  const exposed: Exposed = { core, lag, listeners: listenerFds, reloadFailed: () => reloadFailed, version: options.version };
  registerMetrics(registry, exposed);

  const measure = () => {
    core.budget.measure(core.pool.idle + (admin.current?.sockets ?? 0));
    core.maxConnections = Math.min(core.live.maxConnections, Math.floor(core.budget.total / FDS_PER_CONNECTION));
  };
  const accept = (socket: net.Socket) => acceptInto(core, socket);
  let measuring: NodeJS.Timeout | null = null;

  return {
    get addresses() {
      return servers.flatMap(addressOf);
    },
    get adminAddress() {
      return admin.current?.address ?? null;
    },

    async start() {
      const { listen_addrs, metrics } = core.live.config;
      for (const address of listen_addrs) servers.push(await listen(address, listen_addrs, accept));
      if (metrics.enabled) {
        const pages = createAdmin(createPages(registry, exposed, () => ({ bound, draining })));
        await bind('metrics.address', metrics.address, (at) => pages.start(at));
        admin.current = pages;
      }
      own.push(...servers.flatMap(addressOf), ...(admin.current?.address ? [admin.current.address] : []));
      bound = true;
      core.budget.setBaseline(admin.current?.sockets ?? 0);
      measure();
      if (core.maxConnections < 1)
        throw new StartError(`the limit of ${core.budget.limit} open files leaves room for no connection; raise LimitNOFILE (ulimit -n)`);
      warnOfClamp(core);
      lag.start();
      measuring = setInterval(measure, MEASURE_EVERY_MS).unref();
    },

    reload(config, sha256) {
      for (const key of needsRestart(core.live.config, config)) log.warn(`${key} has changed: that takes effect with a restart`);
      core.live = makeLive(config, sha256, core.live.generation + 1, () => own);
      core.counters.setConfiguredHosts(core.live.routes.names);
      core.pool.enabled = config.connection_pool?.enabled ?? false;
      log.configure(config.log.level, config.log.format);
      reloadFailed = false;
      measure();
      warnOfClamp(core);
      log.info('config reloaded', { sha256, generation: core.live.generation });
    },

    reloadRefused() {
      reloadFailed = true;
    },

    async drain() {
      draining = true;
      for (const server of servers.splice(0)) server.close();
      log.info('draining', { connections: core.connections.size, seconds: core.live.config.shutdown_timeout });
      await drained(core, core.live.config.shutdown_timeout * 1000);
      for (const connection of [...core.connections]) connection.cut('shutdown', true);
      core.pool.destroyAll();
      await allSettled(core);
      if (measuring) clearInterval(measuring);
      lag.stop();
      drills.stop();
      await admin.current?.stop();
    },

    force() {
      for (const connection of [...core.connections]) connection.cut('shutdown', true);
    },
  };
}

function acceptInto(core: Core, socket: net.Socket): void {
  core.counters.accepted += 1;
  const perClient = core.live.config.limits?.per_client;
  const peer = socket.remoteAddress ?? '::';
  const behindProxy = core.live.expectsProxy(peer);
  // Behind a proxy the client is known when its header is there, and is counted then.
  const key = perClient === undefined || behindProxy ? null : clientKey(peer);
  const refusal: Refusal | null = !core.budget.hasRoom
    ? 'fd_headroom'
    : core.connections.size >= core.live.maxConnections
      ? 'max_connections'
      : key !== null && perClient !== undefined && !core.clients.enter(key, perClient)
        ? 'client_limit'
        : null;
  if (refusal === null) {
    new Connection(core, socket, { clientKey: key, behindProxy });
    return;
  }
  core.counters.ended('unknown', refusal);
  if (core.live.config.log.access)
    core.log.info('connection', { client: `${socket.remoteAddress}:${socket.remotePort}`, reason: refusal, refused: true });
  socket.on('error', ignore);
  socket.destroy();
}

function ignore(): void {}

function addressOf(server: net.Server): HostPort[] {
  const at = server.address();
  return at === null || typeof at === 'string' ? [] : [{ host: at.address, port: at.port }];
}

function listen(address: string, all: readonly string[], accept: (socket: net.Socket) => void): Promise<net.Server> {
  return bind('listen_addrs', address, async ({ host, port }) => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS }, accept);
    // "[::]" takes IPv4 too, unless the config names the IPv4 address of that port by itself.
    const ipv6Only = host.includes(':') && all.some((other) => !other.startsWith('[') && other.endsWith(`:${port}`));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, backlog: BACKLOG, ipv6Only }, () => {
        server.off('error', reject);
        server.on('error', ignore); // accept errors: libuv has closed that client already
        resolve();
      });
    });
    return server;
  });
}

const BIND_WORDS: Record<string, string> = {
  EADDRINUSE: 'is in use by another process; stop it, or write another address',
  EACCES: 'may not be listened on by this user; grant CAP_NET_BIND_SERVICE, or write a port above 1023',
  EADDRNOTAVAIL: 'is no address of this machine; write one of its own, or 0.0.0.0 for all',
};

async function bind<T>(key: string, address: string, open: (at: HostPort) => Promise<T>): Promise<T> {
  const at = parseIpPort(address);
  if (at === null) throw new StartError(`${key}: ${address} is not "IP:port"`);
  try {
    return await open(at);
  } catch (error) {
    const code = codeOf(error);
    throw new StartError(
      `${key}: ${formatHostPort(at)} ${BIND_WORDS[code] ?? `cannot be listened on: ${messageOf(error)}`}${code ? ` (${code})` : ''}`,
    );
  }
}

function warnOfClamp({ live, budget, log }: Core): void {
  const { warning } = clampConnections(live.config, budget.limit, budget.baseline);
  if (warning !== null) log.warn(warning);
}

/** The sockets of cut connections close within a turn of the event loop; their lines and counts are then written. */
function allSettled(core: Core): Promise<void> {
  if (core.connections.size === 0) return Promise.resolve();
  return new Promise((resolve) => {
    core.onSettled = () => core.connections.size === 0 && resolve();
  });
}

/** Resolves when no tunnel is worth waiting for: none is open, all that are open are stale, or the time is over. */
function drained(core: Core, milliseconds: number): Promise<void> {
  const until = performance.now() + milliseconds;
  return new Promise((resolve) => {
    const timer = setInterval(look, DRAIN_LOOK_MS);
    function look() {
      const now = core.wheel.now();
      const waiting = [...core.connections].some((connection) => connection.phase(now) !== 'stale');
      if (waiting && performance.now() < until) return;
      clearInterval(timer);
      resolve();
    }
    core.onSettled = () => core.connections.size === 0 && look();
    look();
  });
}
