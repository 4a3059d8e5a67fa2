import fs from 'node:fs';
import { Gauge, Registry } from 'prom-client';
import { createPages, type Readiness } from '../admin/pages.ts';
import { type Admin, createAdmin } from '../admin/server.ts';
import type { SharedStatus, WorkerStatus } from '../admin/status.ts';
import type { HostPort } from '../contract/addresses.ts';
import type { Config } from '../contract/config.ts';
import { DRILL_NAMES } from '../contract/words.ts';
import { type ListenAt, listen } from '../listen.ts';
import { type Family, familiesOf, registerRows } from '../observe/exposition.ts';
import type { ProxyOptions, SniProxy, Sockets } from '../proxy.ts';
import { clampConnections, needsRestart } from '../reload.ts';
import { type BoundSocket, bindSocket } from './bound-socket.ts';
import { joinMetrics, joinStatus } from './gather.ts';
import type { Start } from './messages.ts';
import { shareOf } from './share.ts';
import { Supervisor } from './supervisor.ts';
import { FIRST_SOCKET_FD, WorkerProcess } from './worker-process.ts';

/** A worker that is still there so long after shutdown_timeout, or after it was told to cut, is killed. */
const GRACE_MS = 3000;
const START_HELP = 'Start time of the process since unix epoch in seconds.';

export type PrimaryOptions = ProxyOptions & {
  sockets: Sockets;
  /** starts this program */
  command: readonly [string, ...string[]];
  env: NodeJS.ProcessEnv;
};
type Life = Pick<SniProxy, 'start' | 'reload' | 'reloadRefused' | 'drain' | 'force' | 'addresses' | 'adminAddress'>;
/** The config in force, and what became of the last reload. */
type InForce = { config: Config; sha256: string; generation: number; reloadFailed: boolean };

/**
 * Several processes that accept from the same listeners. This one holds the listeners and never accepts: a client that waits in their
 * queue is not lost with a worker. It replaces workers that die, passes on reload and drain, and joins what they count to one page.
 */
export function createPrimary(options: PrimaryOptions): Life {
  const { log, sockets } = options;
  const held: BoundSocket[] = [];
  const admin: { current: Admin | null } = { current: null };
  const count = options.config.workers ?? 1;
  const live: InForce = { config: options.config, sha256: options.sha256, generation: options.generation ?? 1, reloadFailed: false };
  const is = { up: false, draining: false };

  const startOf = (worker: number): Start => ({
    worker,
    config: shareOf(live.config, worker, count),
    sha256: live.sha256,
    generation: live.generation,
    drill: options.drill,
    drillOrders: options.drillOrders ?? null,
    clients: held.map(({ address }, i) => ({ ...address, fd: FIRST_SOCKET_FD + i })),
    datagrams: worker === 1 ? datagramsFor(sockets.datagrams, held.length) : [],
    alsoOwn: admin.current?.address ? [admin.current.address] : [],
  });
  const workers = new Supervisor({
    count,
    log,
    spawn: (worker) => {
      const datagrams = worker === 1 ? sockets.datagrams.flatMap(({ fd }) => fd ?? []) : [];
      const fds = [...held.map(({ fd }) => fd), ...datagrams];
      return new WorkerProcess(worker, { command: options.command, env: options.env, fds, start: () => startOf(worker) });
    },
  });
  const readiness = (): Readiness => ({ bound: is.up && workers.running.length > 0, draining: is.draining });
  const pages = createPages({
    metrics: metricsOf(workers, options, live),
    status: () => statusOf(workers, options, { live, readiness: readiness(), listeners: held.map(({ address }) => address) }),
    readiness,
  });
  const warnOfClamp = ({ limit, baseline }: { limit: number; baseline: number }) => {
    const { warning } = clampConnections(live.config, limit, baseline);
    if (warning !== null) log.warn(warning);
  };

  return {
    get addresses(): HostPort[] {
      return held.map(({ address }) => address);
    },
    get adminAddress() {
      return admin.current?.address ?? null;
    },

    async start() {
      for (const at of sockets.clients) held.push(holdSocket(at));
      if (sockets.metrics) {
        admin.current = createAdmin(pages);
        await listen('metrics.address', admin.current.server, sockets.metrics);
      }
      warnOfClamp(await workers.start());
      is.up = true;
    },

    async reload(config, sha256) {
      for (const key of needsRestart(live.config, config)) log.warn(`${key} has changed: that takes effect with a restart`);
      Object.assign(live, { config, sha256, generation: live.generation + 1, reloadFailed: false });
      log.configure(config.log.level, config.log.format);
      await passOn(workers, live, count, log);
      await workers.ask();
      for (const { status } of workers.answers.slice(0, 1)) warnOfClamp(status.fds);
      return live.generation;
    },

    reloadRefused() {
      live.reloadFailed = true;
    },

    async drain(begun) {
      is.draining = true;
      for (const socket of held) socket.close();
      workers.tell({ kind: 'drain' });
      const seconds = live.config.shutdown_timeout;
      const connections = workers.answers.reduce((sum, { status }) => sum + status.connections.active, 0);
      log.info('draining', { connections, seconds, workers: workers.running.length });
      begun?.(seconds);
      const killing = setTimeout(() => workers.kill(), seconds * 1000 + GRACE_MS);
      await workers.end();
      clearTimeout(killing);
      await admin.current?.stop();
    },

    force() {
      workers.tell({ kind: 'force' });
      setTimeout(() => workers.kill(), GRACE_MS).unref();
    },
  };
}

/** A socket that the service manager passed is held by its number; closing it leaves the manager's own open. */
function holdSocket(at: ListenAt): BoundSocket {
  const { host, port, fd } = at;
  return fd === undefined ? bindSocket('listen_addrs', at) : { address: { host, port }, fd, close: () => fs.closeSync(fd) };
}

/** Datagram sockets come after the listeners in the first worker's descriptors. */
function datagramsFor(datagrams: readonly ListenAt[], listeners: number): Start['datagrams'] {
  let next = FIRST_SOCKET_FD + listeners;
  return datagrams.map((at) => (at.fd === undefined ? at : { ...at, fd: next++ }));
}

/** Gives every worker its share of the config in force. One that starts meanwhile begins with it. */
async function passOn(
  workers: Supervisor,
  { config, sha256, generation }: InForce,
  count: number,
  log: PrimaryOptions['log'],
): Promise<void> {
  await Promise.all(
    workers.processes.map(async (process) => {
      const share = shareOf(config, process.worker, count);
      if (await process.reload({ kind: 'reload', config: share, sha256, generation })) return;
      log.error('a worker has not taken the config over in time', { worker: process.worker, pid: process.pid, generation });
    }),
  );
}

function metricsOf(workers: Supervisor, { drill, version }: PrimaryOptions, live: InForce): () => Promise<{ type: string; body: string }> {
  const registry = new Registry();
  // of prom-client's own this one alone: when it all began. The primary's event loop and heap say nothing of the clients' service.
  new Gauge({ name: 'process_start_time_seconds', help: START_HELP, registers: [registry] }).set(Math.round(performance.timeOrigin / 1000));
  registerRows(registry, {
    sniproxy_config_info: () => [[{ sha256: live.sha256, generation: String(live.generation) }, 1]],
    sniproxy_config_reload_failed: () => [[{}, live.reloadFailed ? 1 : 0]],
    sniproxy_drill_active: () => DRILL_NAMES.map((name) => [{ drill: name }, drill === name ? 1 : 0] as const),
    sniproxy_build_info: () => [[{ version, node: process.version }, 1]],
    sniproxy_workers: () => [[{}, workers.running.filter(({ silent }) => !silent).length]],
    sniproxy_worker_losses_total: () => [[{}, workers.losses]],
  });
  const own = async (): Promise<Family[]> => (await familiesOf(registry)).map((family) => ({ ...family, aggregator: 'first' }));
  return async () => {
    await workers.ask();
    const mine = await own();
    // taken together: who is gone has left the answers and has come to the past in one step
    const [answers, past] = [workers.answers, workers.past.families];
    const page = joinMetrics(answers, await past, mine);
    return { type: registry.contentType, body: await page.metrics() };
  };
}

async function statusOf(
  workers: Supervisor,
  { drill, version }: PrimaryOptions,
  { live, readiness, listeners }: { live: InForce; readiness: Readiness; listeners: HostPort[] },
): Promise<SharedStatus> {
  await workers.ask();
  const shown = workers.processes.map(
    ({ worker, pid, running, silent, since, last }): WorkerStatus => ({
      worker,
      pid,
      state: !running ? 'starting' : silent ? 'silent' : 'running',
      since: since.toISOString(),
      accepted: last?.status.accepted ?? 0,
      active: last?.status.connections.active ?? 0,
      open: last?.status.fds.open ?? 0,
      limit: last?.status.fds.limit ?? 0,
    }),
  );
  const { sha256, generation, reloadFailed } = live;
  return joinStatus(
    workers.answers,
    {
      version,
      node: process.version,
      pid: process.pid,
      config: { sha256, generation, reloadFailed },
      drill,
      ...readiness,
      losses: workers.losses,
      listeners,
      workers: shown,
    },
    workers.pastAccepted,
  );
}
