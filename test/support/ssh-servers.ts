import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import ssh2 from 'ssh2';
import type { SshTarget } from '#server/ssh/index.ts';
import { until } from './until.ts';

const SSHD = '/usr/sbin/sshd';

/** A real SSH server on a loopback port, as a process that can be frozen, killed and given another key. */
export type TestServer = {
  port: number;
  user: string;
  /** the key that the server lets in, OpenSSH format */
  privateKey: string;
  /** `SHA256:…` of its host key now */
  fingerprint(): string;
  target(id: string): SshTarget;
  /** SIGSTOP and SIGCONT, connections included */
  freeze(): void;
  thaw(): void;
  kill(): Promise<void>;
  start(): Promise<void>;
  rekey(): void;
};

export type ServerOptions = {
  env?: Record<string, string>;
  forwardTo?: number;
  /** the key that is let in; one of its own when not given */
  client?: { private: string; public: string };
  /** more of sshd_config, of OpenSSH only */
  lines?: readonly string[];
};
type Launch = (place: Place, options: ServerOptions) => ChildProcess;
type Place = { dir: string; port: number; user: string; hostKeyPath: string; authorizedKeysPath: string };

/** The two servers that every transport test runs against. */
export const SERVERS: { name: string; start(t: Pick<TestContext, 'after'>, options?: ServerOptions): Promise<TestServer> }[] = [
  { name: 'OpenSSH', start: (t, options = {}) => startServer(t, options, launchOpenSsh) },
  { name: 'ssh2', start: (t, options = {}) => startServer(t, options, launchSsh2) },
];

export const startOpenSsh = (t: Pick<TestContext, 'after'>, options: ServerOptions = {}): Promise<TestServer> =>
  startServer(t, options, launchOpenSsh);

function launchOpenSsh(place: Place, { env = {}, lines = [] }: ServerOptions): ChildProcess {
  if (!fs.existsSync(SSHD)) throw new Error(`${SSHD} is missing: apt-get install -y openssh-server`);
  if (process.getuid?.() === 0) fs.mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  // a home of its own: the shell would read what the account of this machine has in its start files
  const words = Object.entries({ HOME: place.dir, ...env }).map(([key, value]) => `"${key}=${value}"`);
  const config = `
ListenAddress 127.0.0.1
Port ${place.port}
HostKey ${place.hostKeyPath}
AuthorizedKeysFile ${place.authorizedKeysPath}
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel ERROR
SetEnv ${words.join(' ')}
${lines.join('\n')}
`;
  const file = path.join(place.dir, 'sshd_config');
  fs.writeFileSync(file, config);
  return spawn(SSHD, ['-D', '-e', '-f', file], { stdio: 'ignore' });
}

function launchSsh2(place: Place, { env = {}, forwardTo = 1 }: ServerOptions): ChildProcess {
  const settings = {
    ...{ port: place.port, user: place.user, hostKeyPath: place.hostKeyPath, authorizedKeysPath: place.authorizedKeysPath },
    ...{ metricsPort: forwardTo, cwd: place.dir, env: { PATH: process.env.PATH ?? '', ...env } },
  };
  return fork(path.join(import.meta.dirname, '../../lib/demo/ssh-server/main.ts'), [JSON.stringify(settings)], { stdio: 'ignore' });
}

async function startServer(t: Pick<TestContext, 'after'>, options: ServerOptions, launch: Launch): Promise<TestServer> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-ssh-'));
  const user = os.userInfo().username;
  const place = {
    dir,
    port: await freePort(),
    user,
    hostKeyPath: path.join(dir, 'host_key'),
    authorizedKeysPath: path.join(dir, 'authorized_keys'),
  };
  const client = options.client ?? makeKeyPair();
  fs.writeFileSync(place.authorizedKeysPath, `${client.public}\n`, { mode: 0o600 });
  let child: ChildProcess | undefined;
  const family = () => (child?.pid === undefined ? [] : descendants(child.pid));
  const signal = (name: NodeJS.Signals) => {
    for (const pid of family()) {
      try {
        process.kill(pid, name);
      } catch {
        // ended meanwhile
      }
    }
  };
  const server: TestServer = {
    ...{ port: place.port, user, privateKey: client.private },
    fingerprint: () => fingerprintOf(`${place.hostKeyPath}.pub`),
    target: (id) => ({ id, name: `node-${id}`, host: '127.0.0.1', sshPort: place.port, user }),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async kill() {
      const gone =
        child && child.exitCode === null && child.signalCode === null ? new Promise((resolve) => child?.once('exit', resolve)) : null;
      signal('SIGKILL');
      await gone;
      child = undefined;
    },
    async start() {
      child = launch(place, options);
      await until('the SSH server listens', () => answers(place.port));
    },
    rekey() {
      const pair = makeKeyPair();
      fs.writeFileSync(place.hostKeyPath, pair.private, { mode: 0o600 });
      fs.writeFileSync(`${place.hostKeyPath}.pub`, `${pair.public}\n`);
    },
  };
  t.after(async () => {
    server.thaw();
    await server.kill();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  server.rekey();
  await server.start();
  return server;
}

/** ssh2 drops a zero byte at the start of a public key, so that one key in 256 cannot be read back; those are made again. */
export function makeKeyPair(): { private: string; public: string } {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519');
    if (!(ssh2.utils.parseKey(pair.private) instanceof Error)) return pair;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A process and all below it; the server's connections are processes of their own with OpenSSH. */
function descendants(root: number): number[] {
  const listed = spawnSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' }).stdout;
  const rows = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [root];
  for (const pid of found) for (const [child, parent] of rows) if (parent === pid && child !== undefined) found.push(child);
  return found;
}

function fingerprintOf(publicKeyFile: string): string {
  const blob = Buffer.from(fs.readFileSync(publicKeyFile, 'utf8').split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
