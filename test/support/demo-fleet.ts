import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import ssh2 from 'ssh2';
import { type DemoFile, readDemoFile } from '#demo/index.ts';
import { newKeyPair } from '#demo/ssh-server/keys.ts';
import { until } from './until.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

export type DemoNode = DemoFile['nodes'][number];
export type TestDemo = {
  dataDir: string;
  process: ChildProcess;
  /** everything that it printed */
  output(): string;
  file(): DemoFile;
  node(index?: number): DemoNode;
  /** a folder or file of a node's own */
  path(node: DemoNode, ...parts: string[]): string;
  /** processes that carry its data directory in their environment */
  left(): number[];
};

export const tempDir = (t: Pick<TestContext, 'after'>) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};

/** Starts the demo without its console, in a process group of its own, and waits until its nodes are up. Whatever is left is ended after the test. */
export async function startDemo(t: Pick<TestContext, 'after'>, options: { args?: string[]; command?: string[] } = {}): Promise<TestDemo> {
  const dataDir = path.join(tempDir(t), 'data');
  const [command = '', ...args] = options.command ?? [process.execPath, path.join(ROOT, 'lib/demo/main.ts')];
  const child = spawn(command, [...args, '--no-console', '--drills', 'none', ...(options.args ?? ['--nodes', '1'])], {
    cwd: ROOT,
    env: { ...process.env, HEADROOM_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const left = () => carriers(dataDir).filter((pid) => pid !== process.pid);
  t.after(async () => {
    child.kill('SIGTERM');
    await until('the demo stops', () => child.exitCode !== null || child.signalCode !== null, { timeoutMs: 15_000 }).catch(() => {});
    for (const pid of left()) process.kill(pid, 'SIGKILL');
  });
  const file = () => {
    const content = readDemoFile(dataDir);
    if (content === null) throw new Error(`no demo.json yet: ${output.slice(-500)}`);
    return content;
  };
  await until('demo.json', file, { timeoutMs: 30_000 });
  return {
    dataDir,
    process: child,
    output: () => output,
    file,
    node: (index = 0) => {
      const node = file().nodes[index];
      if (!node) throw new Error(`there is no node ${index}`);
      return node;
    },
    path: (node, ...parts) => path.join(dataDir, 'nodes', node.name, ...parts),
    left,
  };
}

function carriers(dataDir: string): number[] {
  const mark = Buffer.from(`HEADROOM_DATA_DIR=${dataDir}\0`);
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return fs.readFileSync(`/proc/${name}/environ`).includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** The next restart cuts the tunnels after 1 s, not after the 5 s of the file. */
export function drainQuickly(node: DemoNode): void {
  fs.writeFileSync(node.configPath, fs.readFileSync(node.configPath, 'utf8').replace('shutdown_timeout: 5', 'shutdown_timeout: 1'));
  if (node.pid) process.kill(node.pid, 'SIGHUP');
}

export const isListening = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

export type Ran = { code: number | null; signal: string | null; stdout: string; stderr: string };
export type SshSession = {
  client: ssh2.Client;
  run(command: string, input?: string): Promise<Ran>;
  fingerprint: string;
};

/** A key that this node lets in, as OpenSSH text. */
export function authorize(demo: TestDemo, node: DemoNode): string {
  const pair = newKeyPair('test');
  fs.appendFileSync(demo.path(node, 'home', 'sre', '.ssh', 'authorized_keys'), `${pair.public}\n`);
  return pair.private;
}

export function connect(t: TestContext, node: DemoNode, login: { privateKey: string; username?: string }): Promise<SshSession> {
  const client = new ssh2.Client();
  t.after(() => client.end());
  let fingerprint = '';
  return new Promise((resolve, reject) => {
    client.once('error', reject);
    client.once('ready', () => resolve({ client, run: (command, input) => run(client, command, input), fingerprint }));
    client.connect({
      host: '127.0.0.1',
      port: node.sshPort,
      username: login.username ?? 'sre',
      privateKey: login.privateKey,
      hostHash: 'sha256',
      hostVerifier: (hash: string) => {
        fingerprint = hash;
        return true;
      },
    });
  });
}

function run(client: ssh2.Client, command: string, input = ''): Promise<Ran> {
  return new Promise((resolve, reject) => {
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      const ran: Ran = { code: null, signal: null, stdout: '', stderr: '' };
      channel.on('data', (chunk: Buffer) => (ran.stdout += chunk.toString()));
      channel.stderr.on('data', (chunk: Buffer) => (ran.stderr += chunk.toString()));
      channel.on('exit', (code: number | null, signal: string | null) => Object.assign(ran, { code, signal: signal ?? null }));
      channel.on('close', () => resolve(ran));
      channel.end(input);
    });
  });
}
