import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
import { type NodeProcesses, prepareNode, startSshServer } from './node-processes.ts';
import { type Keys, provision, writeProvisionFile } from './provision.ts';
import { signalAll, sweep } from './sweep.ts';

export type Fleet = { nodes: NodePlan[]; signInUrl: string | null; stop(): Promise<void> };

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const TRAFFIC = path.join(ROOT, 'lib', 'demo', 'traffic', 'main.ts');
const WATCHDOG = path.join(ROOT, 'lib', 'demo', 'watchdog', 'main.ts');
const CONSOLE = path.join('app', 'serve.ts');
/** all of it has to be gone within 10 s of Ctrl-C */
const STOP_MS = 5_000;
/** a proxy that still drains then hears a second signal: nobody waits for tunnels that leaked */
const DRAIN_MS = 1_500;
const POLITE_MS = 2_000;
const CONSOLE_TRIES = 4;

/** Starts everything, and gives the fleet once the console answers and every node is registered with it. Aborted, it stops what it has started. */
export async function startFleet(options: DemoOptions, say: (line: string) => void, signal: AbortSignal): Promise<Fleet> {
  const { fleetId, socketPath } = await claimDataDir(options.dataDir);
  const mark: FleetMark = { dataDir: options.dataDir, fleetId };
  const ports = await freePorts(portsNeeded(options.drills.length) + 2);
  const [tls = 0, http = 0, ...nodePorts] = ports;
  const plans = planNodes({ drills: options.drills, dataDir: options.dataDir, ports: nodePorts });
  const keys: Keys = { apiToken: `hr_${randomBytes(24).toString('base64url')}`, signInKey: randomBytes(24).toString('base64url') };
  const url = `http://127.0.0.1:${options.port}`;
  const kept: KeptProcess[] = [];
  const nodes: NodeProcesses[] = [];
  let complete = false;
  let over = false;
  let consolePid: number | null = null;
  let failConsole: (error: Error) => void = () => {};
  const consoleFails = new Promise<never>((_, reject) => {
    failConsole = reject;
  });
  consoleFails.catch(() => {});

  const onPids = () => {
    if (!complete || over) return;
    writeDemoFile(options.dataDir, {
      url: options.withConsole ? url : null,
      signInUrl: options.withConsole ? `${url}/demo/sign-in?key=${keys.signInKey}` : null,
      apiToken: options.withConsole ? keys.apiToken : null,
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
  const keep = (spec: Omit<KeepSpec, 'command' | 'cwd' | 'onReady' | 'env' | 'logPath'> & Partial<KeepSpec>): KeptProcess => {
    const process_ = keepRunning({
      command: process.execPath,
      cwd: ROOT,
      env: helperEnvironment(mark),
      logPath: path.join(options.dataDir, `${spec.name}.log`),
      onReady: () => {},
      ...spec,
    });
    kept.push(process_);
    return process_;
  };

  const deps = { mark, socketPath, backends: { tls, http }, onPids };
  const watchdog = keep({ name: 'watchdog', args: [WATCHDOG, fleetId], channel: true });
  await watchdog.ready;
  for (const plan of plans) nodes.push(prepareNode(plan, deps));
  const managers = await serveManagers(socketPath, new Map(nodes.map((node) => [node.plan.name, node.manager])));
  writeProvisionFile(options.dataDir, keys);

  async function stop(): Promise<void> {
    if (over) return;
    over = true;
    removeDemoFile(options.dataDir);
    const helpers = kept.filter((process_) => process_ !== watchdog).map((process_) => process_.retire());
    for (const node of nodes) node.transients.stopAll();
    const proxies = nodes.map((node) => node.service.retire());
    const pids = [...helpers, ...proxies].flatMap((child) => (child?.pid === undefined ? [] : [child.pid]));
    const left = () => [...helpers, ...proxies].some((child) => child && child.exitCode === null && child.signalCode === null);
    signalAll(pids, 'SIGTERM');
    signalAll(pids, 'SIGCONT');
    const started = Date.now();
    let forced = false;
    while (left() && Date.now() - started < STOP_MS) {
      await sleep(50);
      if (forced || Date.now() - started < DRAIN_MS) continue;
      forced = true;
      signalAll(
        proxies.flatMap((child) => child?.pid ?? []),
        'SIGTERM',
      );
    }
    const dogPid = watchdog.pid();
    await sweep(fleetId, { politeMs: POLITE_MS, spare: dogPid === null ? [] : [dogPid] });
    await managers.close();
    for (const node of nodes) node.journal.close();
    const dog = watchdog.retire();
    dog?.send('over');
    await new Promise<void>((resolve) => (dog && dog.exitCode === null ? dog.once('exit', () => resolve()) : resolve()));
    await sweep(fleetId, { politeMs: 0 });
  }

  async function start(): Promise<void> {
    say(`starting ${plans.length} proxies, their SSH servers and ${options.withConsole ? 'the console' : 'traffic'} …`);
    for (const node of nodes) {
      node.ssh = startSshServer(node, deps);
      kept.push(node.ssh);
    }
    const console_ = options.withConsole ? startConsole() : null;
    const certificate = await makeCertificate(path.join(options.dataDir, 'certs'));
    const backends: BackendSettings = { tlsPort: tls, httpPort: http, ...certificate };
    const origin = keep({ name: 'backends', args: [TRAFFIC, 'backends', JSON.stringify(backends)], channel: true });
    const started = await Promise.all(nodes.map((node) => node.service.start()));
    for (const [i, { ok }] of started.entries())
      if (!ok) throw new Error(`the proxy of ${nodes[i]?.plan.name} does not start; its journal is ${nodes[i]?.plan.logPath}`);
    await origin.ready;
    const clients: ClientSettings = {
      certPath: certificate.certPath,
      logPath: path.join(options.dataDir, 'traffic.json'),
      nodes: plans.map(({ name, ports: p }) => ({ name, tlsPort: p.tls, httpPort: p.http })),
    };
    await Promise.all([
      keep({ name: 'clients', args: [TRAFFIC, 'clients', JSON.stringify(clients)], channel: true }).ready,
      ...nodes.map((node) => node.ssh?.ready),
    ]);
    say('traffic runs through every proxy');
    if (console_) {
      await provision({ url, keys, nodes: plans, isOver: () => over });
      await console_.ready;
    }
    complete = true;
    onPids();
  }

  function startConsole(): KeptProcess {
    const env = processEnvironment({
      ...helperEnvironment(mark),
      PORT: String(options.port),
      HEADROOM_DEMO: '1',
      NEXT_TELEMETRY_DISABLED: '1',
    });
    return keep({
      name: 'console',
      args: [CONSOLE],
      env,
      channel: false,
      onEnd: (failures) => {
        if (complete || failures < CONSOLE_TRIES) return;
        const log = path.join(options.dataDir, 'console.log');
        failConsole(new Error(`the console does not start; the end of ${log}:\n${fs.readFileSync(log, 'utf8').slice(-1_500)}`));
      },
      isReady: async (pid) => listensOn(pid, [options.port]),
      onReady: (pid) => {
        consolePid = pid;
        onPids();
      },
    });
  }

  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
  try {
    await Promise.race([start(), aborted, consoleFails]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { nodes: plans, signInUrl: options.withConsole ? `${url}/demo/sign-in?key=${keys.signInKey}` : null, stop };
}
