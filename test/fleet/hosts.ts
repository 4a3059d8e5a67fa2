import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const HERE = import.meta.dirname;
const ROOT = path.resolve(HERE, '../..');
/** The base tree stays there between runs; one fleet at a time. */
const DIR = '/var/tmp/headroom-fleet';
const NET = '10.77.90';
/** Where the hosts find what is behind them: this machine, on their bridge. */
export const BACKEND = { host: `${NET}.1`, port: 18_080 };
const UP_MS = 300_000;

/** `prepared`: helper and socket activation. `foreign`: a stand-in for SNIProxy-rs, driven as a bare node. */
export type Kind = 'prepared' | 'bare' | 'foreign';
export type HostSpec = { kind: Kind; drill?: string };
export type Host = HostSpec & { i: number; name: string; address: string /** SHA256:… */; hostKey: () => Promise<string> };
export type Hosts = Awaited<ReturnType<typeof startHosts>>;

/** What keeps these hosts from being here, in words; null when nothing does. */
export function hostsMissing(): string | null {
  if (process.platform !== 'linux') return 'needs Linux namespaces';
  if (process.getuid?.() !== 0) return 'needs root, for namespaces and mounts';
  if (!fs.existsSync('/etc/debian_version')) return 'needs Debian, for its base tree';
  if (!fs.readFileSync('/proc/filesystems', 'utf8').includes('overlay')) return 'this kernel has no overlayfs';
  if (!fs.readFileSync('/proc/filesystems', 'utf8').includes('cgroup2')) return 'this kernel has no cgroup2';
  return null;
}

export const configYaml = (name: string) => `# sniproxy on ${name}
listen_addrs:
  - "0.0.0.0:80"
  - "0.0.0.0:443"

metrics:
  enabled: true
  address: "127.0.0.1:9090"   # loopback only

timeouts:
  half_close: 3

shutdown_timeout: 1
max_connections: 3000
connection_pool:
  enabled: true   # reuse upstream connections
  max_per_host: 1000

routes:
  - match: "www.example.test"
    backends: ["${BACKEND.host}:${BACKEND.port}"]
`;

async function fillSkeleton(skel: string, specs: readonly HostSpec[]): Promise<void> {
  fs.cpSync(path.join(HERE, 'skel'), skel, { recursive: true });
  const [opt, units] = [path.join(skel, 'opt/sniproxy'), path.join(skel, 'etc/systemd/system')];
  for (const dir of [opt, units, path.join(skel, 'opt/headroom'), path.join(skel, 'etc/sniproxy')])
    fs.mkdirSync(dir, { recursive: true, mode: 0o755 });
  fs.copyFileSync(path.join(HERE, 'foreign.mjs'), path.join(opt, 'foreign.mjs'));
  await build({
    entryPoints: [path.join(ROOT, 'proxy-core/src/cli.ts')],
    outfile: path.join(opt, 'sniproxy-server.mjs'),
    ...{ bundle: true, platform: 'node', target: 'node24', format: 'esm', logLevel: 'silent' },
    banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  });
  for (const unit of ['sniproxy.service', 'sniproxy.socket']) fs.copyFileSync(path.join(ROOT, 'deploy', unit), path.join(units, unit));
  for (const file of [
    'headroom-node',
    'headroom-node-install',
    'sudoers.headroom-node',
    'headroom-revert.service',
    'headroom-revert.timer',
  ])
    fs.copyFileSync(path.join(ROOT, 'deploy', file), path.join(skel, 'opt/headroom', file));
  fs.writeFileSync(path.join(skel, 'etc/sniproxy/config.yaml'), configYaml('this host'), { mode: 0o644 });
  fs.writeFileSync(path.join(skel, 'root/kinds'), specs.map(({ kind, drill = '' }) => `${kind} ${drill}\n`).join(''));
}

/**
 * Holds the lock of the fleet and takes it down once our end of its pipe is closed, in whatever way this process ends. Gives that end.
 */
async function guard(env: NodeJS.ProcessEnv, skel: string): Promise<ChildProcess> {
  fs.mkdirSync(DIR, { recursive: true, mode: 0o755 });
  const script = `"$1/fleet" down >/dev/null 2>&1; echo held; cat >/dev/null; "$1/fleet" down; rm -rf "$2"`;
  const child = spawn('flock', ['-w', '600', `${DIR}.lock`, 'sh', '-c', script, 'guard', HERE, skel], {
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`another fleet holds ${DIR}.lock (flock: ${code})`)));
  });
  return child;
}

/** Boots the hosts, each with real systemd and sshd, and takes them down again with `stop` or with this process. */
export async function startHosts(specs: readonly HostSpec[]) {
  const skel = fs.mkdtempSync(path.join(os.tmpdir(), 'fleet-skel-'));
  const env = {
    ...process.env,
    ...{
      FLEET_DIR: DIR,
      FLEET_NET: NET,
      FLEET_BR: 'hrf',
      FLEET_SKEL: skel,
      FLEET_NODE_BIN: process.execPath,
      FLEET_JOBS: '4',
      FLEET_DISK: '256m',
    },
  };
  const guardian = await guard(env, skel);
  const fleet = async (...args: (string | number)[]): Promise<string> =>
    (await run(path.join(HERE, 'fleet'), args.map(String), { env, timeout: UP_MS, maxBuffer: 16 << 20 })).stdout;

  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => guardian.once('exit', resolve));
    guardian.stdin?.end();
    await gone;
  };
  try {
    await fillSkeleton(skel, specs);
    await fleet('up', specs.length);
    const prepare = '/opt/headroom/headroom-node-install sre sniproxy /etc/sniproxy/config.yaml';
    await Promise.all(specs.map(({ kind }, index) => kind === 'prepared' && fleet('exec', index + 1, prepare)));
  } catch (error) {
    await stop();
    throw error;
  }
  const hosts = specs.map((spec, index): Host => {
    const i = index + 1;
    const hostKey = async () => fingerprintOf(await fleet('exec', i, 'cat /etc/ssh/ssh_host_ed25519_key.pub'));
    return { ...spec, i, name: `n${i}`, address: `${NET}.${10 + i}`, hostKey };
  });
  return {
    hosts,
    fleet,
    stop,
    /** what the hosts were made of */
    skel,
    /** as root on the host, by no network */
    exec: async (host: Host, command: string): Promise<string> => fleet('exec', host.i, command),
    host: (i: number): Host => {
      const found = hosts[i - 1];
      if (!found) throw new Error(`there is no host ${i}`);
      return found;
    },
  };
}

function fingerprintOf(line: string): string {
  const blob = Buffer.from(line.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
