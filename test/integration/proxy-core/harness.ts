import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { until } from '#test/support/until.ts';

const root = path.resolve(import.meta.dirname, '../../..');
export const CLI = path.join(root, 'proxy-core/src/cli.ts');
export const SSL = '/usr/bin/openssl';
export const CURL = '/usr/bin/curl';

/** `until`, for tests that start several processes, on a machine that may be busy. */
export const patiently: typeof until = (what, probe, options) => until(what, probe, { timeoutMs: 30_000, ...options });

/** What a suite makes in its hooks and tests is undone when the suite ends. To be called in the body of `describe`. */
export function suiteOwner(): Cleaner {
  const undo: (() => unknown)[] = [];
  after(async () => {
    for (const fn of undo.reverse()) await fn();
  });
  return { after: (fn: () => unknown) => void undo.push(fn) };
}

type Cleaner = { after(fn: () => unknown): void } | TestContext;
/** `after` of a test or of a suite, whichever owns what is made. */
const later = (owner: Cleaner, fn: () => unknown) => owner.after(fn);

export function tempDir(owner: Cleaner): string {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'proxy-core-'));
  later(owner, () => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** `command` of a proxy that takes orders for drills */
export const DRILLS_ALLOWED = [process.execPath, CLI, '--drills-allowed'];

export type RunningProxy = Awaited<ReturnType<typeof startProxy>>;

/** A sniproxy-server process of its own on ports of the system's choice. `config` is YAML without listen_addrs and metrics. */
export async function startProxy(
  owner: Cleaner,
  config: string,
  options: {
    drill?: string;
    fdLimit?: number;
    listeners?: number;
    /** instead of ports of the system's choice */
    listen?: string[];
    command?: string[];
    env?: Record<string, string>;
    /** descriptors that it is born with, from 3 on */
    fds?: number[];
  } = {},
) {
  const dir = tempDir(owner);
  const file = path.join(dir, 'config.yaml');
  const listen = (options.listen ?? Array.from({ length: options.listeners ?? 1 }, () => '127.0.0.1:0')).map((at) => `"${at}"`).join(', ');
  const whole = (text: string) => `listen_addrs: [${listen}]\nmetrics: { enabled: true, address: "127.0.0.1:0" }\n${text}`;
  fs.writeFileSync(file, whole(config));
  const command = [...(options.command ?? [process.execPath, CLI]), '-c', file, ...(options.drill ? ['--drill', options.drill] : [])];
  const limited =
    options.fdLimit === undefined ? command : ['/usr/bin/prlimit', `--nofile=${options.fdLimit}:${options.fdLimit}`, ...command];
  const child = spawn(limited[0] ?? '', limited.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe', ...(options.fds ?? [])],
    env: { ...process.env, ...options.env },
  });
  if (child.stdout === null || child.stderr === null) throw new Error('the proxy has no output');
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.stderr += text;
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  later(owner, async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
  });
  const lines = () =>
    output.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<string, string | number>);
  await Promise.race([
    until('the proxy has started', () => lines().some((line) => line.msg === 'started'), { timeoutMs: 60_000 }),
    exited.then(({ code }) => Promise.reject(new Error(`the proxy ended with ${code}: ${output.stderr}`))),
  ]);
  const portOf = (msg: string, at = 0) => Number(`${lines().filter((line) => line.msg === msg)[at]?.address}`.split(':').at(-1));
  const pid = child.pid ?? 0;
  const adminPort = portOf('metrics');
  return {
    child,
    pid,
    file,
    port: portOf('listening'),
    portAt: (at: number) => portOf('listening', at),
    adminPort,
    output,
    exited,
    connections: () => lines().filter((line) => line.msg === 'connection'),
    fds: () => fs.readdirSync(`/proc/${pid}/fd`).length,
    metrics: () => readMetrics(adminPort),
    status: async () => (await (await fetch(`http://127.0.0.1:${adminPort}/status`)).json()) as Record<string, Record<string, number>>,
    write: (text: string) => fs.writeFileSync(file, whole(text)),
    signal: (signal: NodeJS.Signals) => child.kill(signal),
  };
}

/** One value per series, by its text: `name{label="value"}`. A connection of its own, so that no scraper's socket stays open. */
export async function readMetrics(port: number): Promise<Map<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
  const values = new Map<string, number>();
  for (const line of (await answer.text()).split('\n')) {
    const match = /^([a-z_]+(?:\{.*\})?) ([0-9.e+-]+)$/.exec(line);
    if (match) values.set(match[1] ?? '', Number(match[2]));
  }
  return values;
}

export const refused = (metrics: Map<string, number>, reason: string) => metrics.get(`sniproxy_refused_total{reason="${reason}"}`);
export const closed = (metrics: Map<string, number>, reason: string) => metrics.get(`sniproxy_closed_total{reason="${reason}"}`);

/** A TCP server that keeps half-open connections open; its sockets are destroyed with it. */
export async function backend(
  owner: Cleaner,
  serve: (socket: net.Socket) => void,
): Promise<{ port: number; sockets: Set<net.Socket>; accepted: () => number }> {
  const sockets = new Set<net.Socket>();
  let accepted = 0;
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(owner, () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { port: portOf(server), sockets, accepted: () => accepted };
}

/** A port that takes no more connections and refuses none: its process sleeps and its queue is full, so a dial is left without an answer. */
export async function blackHole(owner: Cleaner): Promise<number> {
  const program = `require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
    require('fs').writeSync(1, String(this.address().port));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  })`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  later(owner, () => child.kill('SIGKILL'));
  const [said] = await once(child.stdout, 'data');
  const port = Number(said);
  for (let i = 0; i < 4; i += 1) {
    const filler = net.connect({ port, host: '127.0.0.1' }).on('error', () => {});
    later(owner, () => filler.destroy());
  }
  return port;
}

export function portOf(server: net.Server): number {
  const at = server.address();
  return at !== null && typeof at === 'object' ? at.port : 0;
}

export type Client = Awaited<ReturnType<typeof connect>>;

/** A raw TCP client that collects what it gets. */
export async function connect(owner: Cleaner, port: number) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
  const state = { received: Buffer.alloc(0), ended: false, closed: false, error: '' };
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
  });
  socket.on('end', () => {
    state.ended = true;
  });
  socket.on('close', () => {
    state.closed = true;
  });
  socket.on('error', (error) => {
    state.error = error.message;
  });
  later(owner, () => socket.destroy());
  await once(socket, 'connect');
  return {
    socket,
    state,
    received: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString('latin1'),
    /** the other side has finished or is gone */
    over: (timeoutMs = 30_000) => until('the proxy closes the connection', () => state.ended || state.closed, { timeoutMs }),
  };
}

/** Sends bytes and returns everything that comes back until the end. */
export async function exchange(owner: Cleaner, port: number, bytes: Buffer | string, timeoutMs = 30_000): Promise<Buffer> {
  const client = await connect(owner, port);
  client.socket.write(bytes);
  await client.over(timeoutMs);
  client.socket.destroy();
  return client.received();
}

export const request = (host: string, ...headers: string[]) =>
  `GET / HTTP/1.1\r\nHost: ${host}\r\n${headers.map((h) => `${h}\r\n`).join('')}\r\n`;

/** A key and a self-signed certificate for secure.test. */
export function certificate(owner: Cleaner): { key: string; cert: string } {
  const dir = tempDir(owner);
  const [key, cert] = [path.join(dir, 'key.pem'), path.join(dir, 'cert.pem')];
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=secure.test', '-days', '2'];
  execFileSync(SSL, [...made, '-addext', 'subjectAltName=DNS:secure.test', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key, cert };
}

/** Runs a command to its end. */
export async function run(command: string, args: string[], input = ''): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  child.stdin?.on('error', () => {}).end(input);
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}
