import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { removeDemoFile, writeDemoFile } from '../demo-file.ts';
import { type FleetMark, helperEnvironment, processEnvironment } from '../node/environment.ts';
import { metricsUrl, type NodePlan, planNodes, portsNeeded } from '../node/plan.ts';
import { freePorts } from '../node/ports.ts';
import type { DemoOptions } from '../options.ts';
import { serveManagers } from '../services/socket.ts';
import { makeCertificate } from '../traffic/certificate.ts';
import type { BackendSettings, ClientSettings } from '../traffic/settings.ts';
import { claimDataDir } from './data-dir.ts';
import { type KeepSpec, type KeptProcess, keepRunning } from './keeper.ts';
import { listensOn } from './listening.ts';
import { type NodeDeps, type NodeProcesses, prepareNode, sshServerSpec } from './node-processes.ts';
import { type Keys, provision, writeProvisionFile } from './provision.ts';
import { stopProcesses } from './stop.ts';

export type Fleet = { nodes: NodePlan[]; signInUrl: string | null; stop(): Promise<void> };
type Say = (line: string) => void;

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const TRAFFIC = path.join(ROOT, 'lib', 'demo', 'traffic', 'main.ts');
const WATCHDOG = path.join(ROOT, 'lib', 'demo', 'watchdog', 'main.ts');
/** a console that ends so often before it was ever up is not tried again */
const CONSOLE_TRIES = 4;

/** Starts everything, and gives the fleet once the console answers and every node is registered with it. Aborted, it stops what it has started. */
export async function startFleet(options: DemoOptions, say: Say, signal: AbortSignal): Promise<Fleet> {
  const { fleetId, socketPath } = await claimDataDir(options.dataDir);
  const mark: FleetMark = { dataDir: options.dataDir, fleetId };
  const [tls = 0, http = 0, ...nodePorts] = await freePorts(portsNeeded(options.drills.length) + 2, options.port);
  const plans = planNodes({ drills: options.drills, dataDir: options.dataDir, ports: nodePorts });
  const keys: Keys = { apiToken: `hr_${randomBytes(24).toString('base64url')}`, signInKey: randomBytes(24).toString('base64url') };
  const record = createRecord(options, keys);
  const helpers: KeptProcess[] = [];
  let over = false;

  const run = (spec: HelperSpec): KeptProcess => {
    if (over) throw new Error('the demo is stopping');
    const helper = keepRunning({
      command: process.execPath,
      cwd: ROOT,
      env: helperEnvironment(mark),
      logPath: path.join(options.dataDir, `${spec.name}.log`),
      onReady: () => {},
      ...spec,
    });
    helpers.push(helper);
    return helper;
  };

  const watchdog = run({ name: 'watchdog', args: [WATCHDOG, fleetId], channel: true });
  await watchdog.ready;
  const deps: NodeDeps = { mark, socketPath, backends: { tls, http }, onPids: record.write };
  for (const plan of plans) record.nodes.push(prepareNode(plan, deps));
  const managers = await serveManagers(socketPath, new Map(record.nodes.map((node) => [node.plan.name, node.manager])));
  writeProvisionFile(options.dataDir, keys);

  async function stop(): Promise<void> {
    if (over) return;
    over = true;
    record.close();
    await stopProcesses({ fleetId, watchdog, helpers: helpers.filter((helper) => helper !== watchdog), nodes: record.nodes });
    await managers.close();
    for (const node of record.nodes) node.journal.close();
  }

  async function start(): Promise<void> {
    say(`starting ${plans.length} proxies, their SSH servers and ${record.url === null ? 'traffic' : 'the console'} …`);
    const servers = record.nodes.map((node) => run(sshServerSpec(node, deps)));
    const console_ = record.url === null ? null : runConsole({ options, mark, record, run });
    await Promise.race([
      console_?.failed ?? never,
      (async () => {
        await startTraffic({ dataDir: options.dataDir, backends: { tls, http }, nodes: record.nodes, run });
        await Promise.all(servers.map((server) => server.ready));
        say('traffic runs through every proxy');
        if (record.url !== null) await provision({ url: record.url, keys, nodes: plans, isOver: () => over });
        await console_?.process.ready;
      })(),
    ]);
    record.open();
  }

  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  try {
    await Promise.race([start(), aborted]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes: plans, signInUrl: record.signInUrl, stop };
}

type HelperSpec = Pick<KeepSpec, 'name' | 'args' | 'channel'> & Partial<KeepSpec>;
type Run = (spec: HelperSpec) => KeptProcess;
const never = new Promise<never>(() => {});

type DemoRecord = ReturnType<typeof createRecord>;

/** What demo.json says, written from the moment all of it is known until the end, whenever a pid changes. */
function createRecord(options: DemoOptions, keys: Keys) {
  const nodes: NodeProcesses[] = [];
  const url = options.consoleEntry === null ? null : `http://127.0.0.1:${options.port}`;
  const signInUrl = url === null ? null : `${url}/demo/sign-in?key=${keys.signInKey}`;
  let consolePid: number | null = null;
  let state: 'starting' | 'open' | 'closed' = 'starting';
  const write = () => {
    if (state !== 'open') return;
    writeDemoFile(options.dataDir, {
      url,
      signInUrl,
      apiToken: url === null ? null : keys.apiToken,
      consolePid,
      nodes: nodes.map(({ plan, service, sshPid }) => ({
        name: plan.name,
        pid: service.pid(),
        sshPid,
        sshPort: plan.ports.ssh,
        hostKeyPath: plan.hostKeyPath,
        metricsUrl: metricsUrl(plan),
        configPath: plan.configPath,
        logPath: plan.logPath,
        drill: plan.drill,
      })),
    });
  };
  return {
    nodes,
    url,
    signInUrl,
    write,
    isOpen: () => state === 'open',
    consoleIs(pid: number) {
      consolePid = pid;
      write();
    },
    open() {
      if (state === 'starting') state = 'open';
      write();
    },
    close() {
      state = 'closed';
      removeDemoFile(options.dataDir);
    },
  };
}

/** The console as its own process, started again when it dies. Its pid counts once it listens. */
function runConsole(input: { options: DemoOptions; mark: FleetMark; record: DemoRecord; run: Run }): {
  process: KeptProcess;
  failed: Promise<never>;
} {
  const { options, mark, record, run } = input;
  const logPath = path.join(options.dataDir, 'console.log');
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const settings = { PORT: String(options.port), HEADROOM_DEMO: '1', NEXT_TELEMETRY_DISABLED: '1' };
  const console_ = run({
    name: 'console',
    args: [options.consoleEntry ?? ''],
    env: processEnvironment({ ...helperEnvironment(mark), ...settings }),
    logPath,
    channel: false,
    isReady: async (pid) => listensOn(pid, [options.port]),
    onReady: record.consoleIs,
    onEnd: (failures) => {
      if (!record.isOpen() && failures >= CONSOLE_TRIES)
        fail(new Error(`the console does not start; the end of ${logPath}:\n${fs.readFileSync(logPath, 'utf8').slice(-1_500)}`));
    },
  });
  return { process: console_, failed };
}

/** Origins first, then the proxies, then their clients. */
async function startTraffic(input: {
  dataDir: string;
  backends: { tls: number; http: number };
  nodes: NodeProcesses[];
  run: Run;
}): Promise<void> {
  const { dataDir, backends, nodes, run } = input;
  const certificate = await makeCertificate(path.join(dataDir, 'certs'));
  const origins: BackendSettings = { tlsPort: backends.tls, httpPort: backends.http, ...certificate };
  const origin = run({ name: 'backends', args: [TRAFFIC, 'backends', JSON.stringify(origins)], channel: true });
  const started = await Promise.all(nodes.map((node) => node.service.start()));
  for (const [i, { ok }] of started.entries())
    if (!ok) throw new Error(`the proxy of ${nodes[i]?.plan.name} does not start; its journal is ${nodes[i]?.plan.logPath}`);
  await origin.ready;
  const clients: ClientSettings = {
    certPath: certificate.certPath,
    logPath: path.join(dataDir, 'traffic.json'),
    nodes: nodes.map(({ plan }) => ({ name: plan.name, tlsPort: plan.ports.tls, httpPort: plan.ports.http })),
  };
  await run({ name: 'clients', args: [TRAFFIC, 'clients', JSON.stringify(clients)], channel: true }).ready;
}
