import assert from 'node:assert/strict';
import type { Run, RunInput } from '#shared/runs.ts';
import { until } from '#test/support/until.ts';
import { createConsole, type FleetConsole } from './console.ts';
import { configYaml, type Host, type HostSpec, type Hosts, startHosts } from './hosts.ts';
import { startTraffic } from './traffic.ts';

/** Hosts with traffic on them, and a console that has registered them all. */
export type World = { hosts: Hosts; console: FleetConsole; stop: () => Promise<void> };

export async function startWorld(specs: readonly HostSpec[]): Promise<World> {
  const hosts = await startHosts(specs);
  const console = createConsole(hosts);
  let quiet = async () => {};
  const stop = async () => {
    await quiet();
    await console.stop();
    await hosts.stop();
  };
  try {
    await console.start();
    for (const host of hosts.hosts) await console.register(host);
    quiet = await startTraffic(hosts.hosts.map(({ address }) => address));
  } catch (error) {
    await stop();
    throw error;
  }
  return { hosts, console, stop };
}

export const CONFIG = '/etc/sniproxy/config.yaml';
/** How long a changed host waits for the console in these tests, seconds: the least that is allowed. */
export const CONFIRM = 15;
/** Its deadline, the timer's 5 s, the restart, and time to spare on a busy machine. */
export const REVERTED_MS = (CONFIRM + 5) * 1000 + 40_000;

export const poolRun = (host: Host, o: { gates?: 'auto' | 'manual'; confirmSeconds?: number } = {}): RunInput => ({
  runbook: 'pool-settings',
  selector: `name=${host.name}`,
  strategy: { batches: [1], gates: o.gates ?? 'auto', confirmSeconds: o.confirmSeconds ?? CONFIRM, onInconclusive: 'continue' },
  params: { enabled: false },
});

export const stepOf = (run: Run, key: string, name?: string) => {
  const target = name === undefined ? run.targets[0] : run.targets.find((t) => t.name === name);
  const step = target?.steps.find((s) => s.key === key);
  assert.ok(step, `the run has no step ${key}`);
  return step;
};

/** Starts a run that changes a host and waits, armed, for a person. */
export async function changedAndWaiting({ console }: World, host: Host): Promise<string> {
  const id = await console.startRun(poolRun(host, { gates: 'manual' }));
  await until(`${host.name} waits at the gate`, async () => stepOf(await console.call('run', id), 'gate').status === 'waiting', {
    timeoutMs: 60_000,
    everyMs: 200,
  });
  return id;
}

export const configOf = (world: World, host: Host): Promise<string> => world.hosts.exec(host, `cat ${CONFIG}`);
export const BEFORE = configYaml('this host');
export const AFTER = BEFORE.replace('enabled: true   # reuse', 'enabled: false   # reuse');

/** How often the service was started since the host was made, whoever did it. */
export const starts = async (world: World, host: Host): Promise<number> =>
  Number(await world.hosts.exec(host, "journalctl -u sniproxy -o cat --no-pager | grep -c '^Started sniproxy' || true"));

export const isActive = async (world: World, host: Host): Promise<boolean> =>
  (await world.hosts.exec(host, 'systemctl is-active sniproxy || true')).trim() === 'active';

export const reverted = (world: World, host: Host): Promise<boolean> =>
  until(
    `${host.name} puts its config back and serves`,
    async () => (await configOf(world, host)) === BEFORE && (await isActive(world, host)),
    {
      timeoutMs: REVERTED_MS,
      everyMs: 500,
    },
  );

/** As it was made: the first config, the service running with it. */
export async function putRight(world: World, host: Host): Promise<void> {
  const command = `cat > ${CONFIG}.new <<'END'\n${BEFORE}END\nmv ${CONFIG}.new ${CONFIG}; systemctl reset-failed sniproxy; systemctl restart sniproxy`;
  if ((await configOf(world, host)) !== BEFORE) await world.hosts.exec(host, command);
  await until(`${host.name} serves`, () => isActive(world, host));
}

/** `work` while the disk of the host is full. */
export async function withFullDisk<T>(world: World, host: Host, work: () => Promise<T>): Promise<T> {
  await world.hosts.fleet('fill-disk', host.i);
  try {
    return await work();
  } finally {
    await world.hosts.fleet('free-disk', host.i);
  }
}

/** `work` while the host refuses sudo; afterwards the console knows that it does not any more. */
export async function withoutSudo<T>(world: World, host: Host, work: () => Promise<T>): Promise<T> {
  const rules = host.kind === 'prepared' ? 'headroom-node' : 'sre';
  await world.hosts.exec(host, `mv /etc/sudoers.d/${rules} /root/${rules}.kept`);
  try {
    return await work();
  } finally {
    await world.hosts.exec(host, `mv /root/${rules}.kept /etc/sudoers.d/${rules}`);
    await world.console.call('selfTest', world.console.id(host));
  }
}

/** Somebody changes the file on the host; what it holds then. */
export async function editByHand(world: World, host: Host): Promise<string> {
  await world.hosts.exec(host, `sed -i 's/max_connections: 3000/max_connections: 2000/' ${CONFIG}`);
  const byHand = await configOf(world, host);
  assert.notEqual(byHand, BEFORE);
  return byHand;
}
