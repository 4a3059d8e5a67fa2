import path from 'node:path';
import type { Drill } from '#contract/index.ts';
import { placesFor } from './places.ts';

/** The account that the console logs in with; the demo's SSH servers know no other. */
export const SSH_USER = 'sre';
export const UNIT = 'sniproxy';
/** hard and soft limit of a demo proxy: at 60 to 120 leaked a minute it is an hour or two away */
export const OPEN_FILES = 8_192;

export type NodePorts = { tls: number; http: number; metrics: number; ssh: number };

/** Everything fixed about a node before any of its processes starts. All paths are absolute. */
export type NodePlan = {
  name: string;
  labels: Record<string, string>;
  drill: Drill | null;
  metricsVia: 'http' | 'ssh';
  ports: NodePorts;
  dir: string;
  binDir: string;
  /** one file per unit with its systemd properties, kept by the service manager */
  unitsDir: string;
  homeDir: string;
  configPath: string;
  hostKeyPath: string;
  authorizedKeysPath: string;
  logPath: string;
};

const PORTS_PER_NODE = 4;

/** How many ports `planNodes` takes for so many nodes. */
export const portsNeeded = (nodes: number) => nodes * PORTS_PER_NODE;

export function planNodes(input: { drills: (Drill | null)[]; dataDir: string; ports: number[] }): NodePlan[] {
  const { drills, dataDir, ports } = input;
  return placesFor(drills.length).map(({ name, labels }, index) => {
    const dir = path.join(dataDir, 'nodes', name);
    const [tls = 0, http = 0, metrics = 0, ssh = 0] = ports.slice(index * PORTS_PER_NODE, (index + 1) * PORTS_PER_NODE);
    return {
      name,
      labels,
      drill: drills[index] ?? null,
      // One node is scraped through its SSH session, as a proxy with a loopback-only metrics port would be.
      metricsVia: index === Math.min(1, drills.length - 1) ? 'ssh' : 'http',
      ports: { tls, http, metrics, ssh },
      dir,
      binDir: path.join(dir, 'bin'),
      unitsDir: path.join(dir, 'run', 'systemd'),
      homeDir: path.join(dir, 'home', SSH_USER),
      configPath: path.join(dir, 'etc', 'sniproxy', 'config.yaml'),
      hostKeyPath: path.join(dir, 'etc', 'ssh', 'ssh_host_ed25519_key'),
      authorizedKeysPath: path.join(dir, 'home', SSH_USER, '.ssh', 'authorized_keys'),
      logPath: path.join(dir, 'var', 'log', 'sniproxy.log'),
    };
  });
}

export const metricsUrl = (node: NodePlan) => `http://127.0.0.1:${node.ports.metrics}/metrics`;
