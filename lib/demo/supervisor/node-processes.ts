import fs from 'node:fs';
import path from 'node:path';
import { configFile } from '../node/config-file.ts';
import { type FleetMark, nodeEnvironment } from '../node/environment.ts';
import { type NodePlan, OPEN_FILES, SSH_USER, UNIT } from '../node/plan.ts';
import { createJournal, type Journal } from '../services/journal.ts';
import { createManager, type Manager } from '../services/manager.ts';
import { createUnitFiles } from '../services/properties.ts';
import { createService, type Service } from '../services/service.ts';
import { createTransients, type Transients } from '../services/timers.ts';
import { makeHostKey } from '../ssh-server/keys.ts';
import type { SshServerSettings } from '../ssh-server/settings.ts';
import { installStandIns } from '../stand-ins/install.ts';
import type { KeepSpec } from './keeper.ts';
import { listensOn } from './listening.ts';

export type NodeProcesses = {
  plan: NodePlan;
  service: Service;
  transients: Transients;
  manager: Manager;
  journal: Journal;
  /** as last heard: the SSH server that listens */
  sshPid: number | null;
};

const PROXY_CLI = path.join(import.meta.dirname, '..', '..', '..', 'proxy-core', 'src', 'cli.ts');
const SSH_SERVER = path.join(import.meta.dirname, '..', 'ssh-server', 'main.ts');

export type NodeDeps = { mark: FleetMark; socketPath: string; backends: { tls: number; http: number }; onPids(): void };

/** Writes a node's files and makes its unit, its timers and its journal; nothing runs yet. */
export function prepareNode(plan: NodePlan, deps: NodeDeps): NodeProcesses {
  for (const dir of [plan.dir, plan.unitsDir, plan.homeDir, path.dirname(plan.configPath), path.dirname(plan.authorizedKeysPath)])
    fs.mkdirSync(dir, { recursive: true });
  fs.writeFileSync(plan.configPath, configFile(plan, deps.backends), { mode: 0o644 });
  fs.writeFileSync(plan.authorizedKeysPath, '', { mode: 0o600 });
  makeHostKey(plan.hostKeyPath, `root@${plan.name}`);
  installStandIns(plan, { socketPath: deps.socketPath, cacheDir: path.join(deps.mark.dataDir, 'cache'), proxyCli: PROXY_CLI });

  const env = nodeEnvironment(plan, deps.mark);
  const journal = createJournal({ file: plan.logPath, host: plan.name });
  const files = createUnitFiles(plan.unitsDir);
  const drill = plan.drill === null ? [] : ['--drill', plan.drill];
  const { tls, http, metrics } = plan.ports;
  const service = createService(
    {
      unit: `${UNIT}.service`,
      description: 'SNI proxy',
      ident: 'sniproxy-server',
      command: '/bin/sh',
      // sets the hard and the soft limit, then becomes the proxy: the pid stays
      args: [
        '-c',
        `ulimit -n ${OPEN_FILES} && exec "$0" "$@"`,
        process.execPath,
        PROXY_CLI,
        '-c',
        plan.configPath,
        '--drills-allowed',
        ...drill,
      ],
      cwd: plan.dir,
      env,
      openFilesLimit: OPEN_FILES,
      stopTimeoutMs: 15_000,
      restartDelayMs: 1_000,
      startTimeoutMs: 8_000,
      isReady: (pid) => listensOn(pid, [tls, http, metrics]),
    },
    {
      journal,
      onChange: () => {
        files.put(`${UNIT}.service`, service.properties());
        deps.onPids();
      },
    },
  );
  const transients = createTransients({ env, cwd: plan.homeDir, journal, files });
  files.put(`${UNIT}.service`, service.properties());
  return { plan, service, transients, manager: createManager({ service, transients }), journal, sshPid: null };
}

/** How the node's SSH server is kept running. */
export function sshServerSpec(
  node: NodeProcesses,
  deps: NodeDeps,
): Pick<KeepSpec, 'name' | 'args' | 'cwd' | 'logPath' | 'channel' | 'onReady'> {
  const { plan } = node;
  const settings: SshServerSettings = {
    port: plan.ports.ssh,
    user: SSH_USER,
    hostKeyPath: plan.hostKeyPath,
    authorizedKeysPath: plan.authorizedKeysPath,
    metricsPort: plan.ports.metrics,
    cwd: plan.homeDir,
    env: nodeEnvironment(plan, deps.mark),
  };
  return {
    name: `the SSH server of ${plan.name}`,
    args: [SSH_SERVER, JSON.stringify(settings)],
    cwd: plan.dir,
    logPath: path.join(plan.dir, 'var', 'log', 'sshd.log'),
    channel: true,
    onReady: (pid) => {
      node.sshPid = pid;
      deps.onPids();
    },
  };
}
