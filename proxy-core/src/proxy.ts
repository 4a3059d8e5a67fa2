import type net from 'node:net';
import { Registry } from 'prom-client';
import { createPages, type Readiness } from './admin/pages.ts';
import { type Admin, createAdmin } from './admin/server.ts';
import { type Status, statusOf } from './admin/status.ts';
import type { HostPort } from './contract/addresses.ts';
import type { Config } from './contract/config.ts';
import type { Drill } from './contract/words.ts';
import { Drills } from './drill/drills.ts';
import { followOrders } from './drill/order.ts';
import { StartError } from './errors.ts';
import { Concurrency } from './guard/concurrency.ts';
import { FDS_PER_CONNECTION, FdBudget } from './guard/fd-budget.ts';
import { createWirePool } from './http-pool/wire-pool.ts';
import { addressesOf, addressOf, type ListenAt, listen } from './listen.ts';
import type { Log } from './log.ts';
import { Counters } from './observe/counters.ts';
import { type Exposed, type Family, familiesOf, registerMetrics } from './observe/exposition.ts';
import { createHistograms } from './observe/histograms.ts';
import { EventLoopLag } from './observe/lag.ts';
import { acceptInto } from './relay/accept.ts';
import type { Core } from './relay/core.ts';
import { OpenConnections } from './relay/open-connections.ts';
import { streamWires } from './relay/stream-wire.ts';
import { TimerWheel } from './relay/wheel.ts';
import type { Wire } from './relay/wire.ts';
import { openWires } from './relay/wires.ts';
import { clampConnections, makeLive, needsRestart } from './reload.ts';
import { QuicFront } from './udp/front.ts';
import { tendYoungGeneration } from './young-generation.ts';

const MEASURE_EVERY_MS = 10_000;
const DRAIN_LOOK_MS = 100;

/** What this process listens on. */
export type Sockets = { clients: readonly ListenAt[]; metrics: ListenAt | null; datagrams: readonly ListenAt[] };

export type ProxyOptions = {
  config: Config;
  sha256: string;
  drill: Drill | null;
  /** a file by which a drill may be ordered for a time; null or left out: none may */
  drillOrders?: string | null;
  log: Log;
  version: string;
  /** what the config names, when left out */
  sockets?: Sockets;
  /** which of several processes this is, from 1 */
  worker?: number;
  generation?: number;
  /** where other processes of this proxy listen: a dial there is a loop too */
  alsoOwn?: readonly HostPort[];
};

export type SniProxy = {
  /** binds everything or throws StartError */
  start(): Promise<void>;
  /** Takes a config over; resolves with its generation, which is one more than the last unless it is told. */
  reload(config: Config, sha256: string, generation?: number): Promise<number>;
  /** a reload was refused, and the old config stays in force */
  reloadRefused(): void;
  /** closes listeners at once, waits for tunnels up to shutdown_timeout, which `begun` is told, then cuts the rest */
  drain(begun?: (seconds: number) => void): Promise<void>;
  /** cuts everything that drain() waits for */
  force(): void;
  /** the limit of open files, and how many are open without a client */
  readonly fdFigures: { limit: number; baseline: number };
  status(): Status;
  families(): Promise<Family[]>;
  readonly addresses: readonly HostPort[];
  readonly adminAddress: HostPort | null;
};

/** The proxy without a process around it: no signals, no exit. */
export function createProxy(options: ProxyOptions): SniProxy {
  const { log, worker = 1 } = options;
  const sockets = options.sockets ?? socketsOf(options.config);
  const servers: net.Server[] = [];
  const admin: { current: Admin | null } = { current: null };
  const registry = new Registry();
  const drills = new Drills(options.drill);
  const lag = new EventLoopLag();
  let stopTending = () => {};
  let reloadFailed = false;
  let [bound, draining] = [false, false];

  /** where this process listens, for the loop check of every dial: asked of the kernel once */
  const own: HostPort[] = [...(options.alsoOwn ?? [])];
  const core: Core = {
    live: makeLive(
      options.config,
      options.sha256,
      options.generation ?? 1,
      () => own,
      () => quic.addresses,
    ),
    maxConnections: 0,
    wheel: new TimerWheel(),
    log,
    counters: new Counters(),
    histograms: createHistograms(registry),
    budget: new FdBudget(),
    pool: createWirePool(options.config.connection_pool),
    drills,
    clients: new Concurrency(),
    names: new Concurrency(),
    wires: streamWires,
    connections: new OpenConnections(),
    onSettled: () => {},
  };
  const quic = new QuicFront(core);
  core.budget.shareWith(core.pool);
  drills.onChange = () => {
    core.budget.enforced = !drills.ignoresFdBudget;
  };
  drills.onChange();
  core.counters.setConfiguredHosts(core.live.routes.names);
  const listenerFds = () => servers.length + quic.listeners + (admin.current?.address ? 1 : 0);
  const exposed: Exposed = { core, lag, quic, listeners: listenerFds, reloadFailed: () => reloadFailed, version: options.version, worker };
  const readiness = (): Readiness => ({ bound, draining });
  registerMetrics(registry, exposed);

  const measure = () => {
    core.budget.measure(core.pool.idle + (admin.current?.sockets ?? 0));
    core.maxConnections = Math.min(core.live.maxConnections, Math.floor(core.budget.total / FDS_PER_CONNECTION));
  };
  const accept = (client: Wire) => acceptInto(core, client);
  let measuring: NodeJS.Timeout | null = null;
  let orders: { stop(): void } | null = null;

  return {
    get addresses() {
      return servers.flatMap(addressOf);
    },
    get adminAddress() {
      return admin.current?.address ?? null;
    },

    async start() {
      core.wires = await openWires();
      if (core.wires.kind === 'streams')
        log.warn(`Node ${process.version} does not offer the sockets that this version knows: connections cost about twice the CPU time`);
      for (const at of sockets.clients) {
        const server = core.wires.listener(accept);
        await listen('listen_addrs', server, at);
        servers.push(server);
      }
      await quic.start(sockets.datagrams);
      if (sockets.metrics) {
        const metrics = async () => ({ type: registry.contentType, body: await registry.metrics() });
        admin.current = createAdmin(createPages({ metrics, status: () => statusOf(exposed, readiness()), readiness }));
        await listen('metrics.address', admin.current.server, sockets.metrics);
      }
      own.push(...servers.flatMap(addressOf), ...(admin.current?.address ? [admin.current.address] : []));
      bound = true;
      core.budget.setBaseline(admin.current?.sockets ?? 0);
      measure();
      if (core.maxConnections < 1)
        throw new StartError(`the limit of ${core.budget.limit} open files leaves room for no connection; raise LimitNOFILE (ulimit -n)`);
      if (options.worker === undefined) warnOfClamp(core);
      lag.start();
      stopTending = tendYoungGeneration(() => core.counters.accepted);
      measuring = setInterval(measure, MEASURE_EVERY_MS).unref();
      if (options.drillOrders) orders = followOrders(options.drillOrders, { follow: (order) => drills.follow(order), log });
    },

    async reload(config, sha256, generation = core.live.generation + 1) {
      for (const key of needsRestart(core.live.config, config)) log.warn(`${key} has changed: that takes effect with a restart`);
      core.live = makeLive(
        config,
        sha256,
        generation,
        () => own,
        () => quic.addresses,
      );
      core.counters.setConfiguredHosts(core.live.routes.names);
      core.pool.configure(config.connection_pool);
      log.configure(config.log.level, config.log.format);
      reloadFailed = false;
      measure();
      if (options.worker === undefined) warnOfClamp(core);
      return generation;
    },

    reloadRefused() {
      reloadFailed = true;
    },

    async drain(begun) {
      draining = true;
      for (const server of servers.splice(0)) server.close();
      if (options.worker === undefined)
        log.info('draining', { connections: core.connections.size, seconds: core.live.config.shutdown_timeout });
      begun?.(core.live.config.shutdown_timeout);
      const milliseconds = core.live.config.shutdown_timeout * 1000;
      await Promise.all([drained(core, milliseconds), quic.drain(milliseconds)]);
      for (const connection of [...core.connections]) connection.cut('shutdown', true);
      core.pool.destroyAll();
      await allSettled(core);
      if (measuring) clearInterval(measuring);
      lag.stop();
      stopTending();
      orders?.stop();
      drills.stop();
      await admin.current?.stop();
    },

    force() {
      quic.force();
      for (const connection of [...core.connections]) connection.cut('shutdown', true);
    },

    get fdFigures() {
      return { limit: core.budget.limit, baseline: core.budget.baseline };
    },
    status: () => statusOf(exposed, readiness()),
    families: () => familiesOf(registry),
  };
}

export function socketsOf({ listen_addrs, metrics, udp_listen_addrs, quic_config }: Config): Sockets {
  return {
    clients: addressesOf('listen_addrs', listen_addrs),
    metrics: metrics.enabled ? (addressesOf('metrics.address', [metrics.address])[0] ?? null) : null,
    datagrams: quic_config?.enabled === false ? [] : addressesOf('udp_listen_addrs', udp_listen_addrs ?? []),
  };
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
      for (const connection of [...core.connections]) if (connection.resting) connection.cut('closed', false);
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
