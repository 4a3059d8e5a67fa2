import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import type net from 'node:net';
import { until } from '#test/support/until.ts';
import { type Client, connect, type RunningProxy, type startProxy } from './harness.ts';

export const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** On a busy machine something may be seen so much later than it happened. */
export const BUSY = { timeoutMs: 15_000 };

/** Backends by what they do. */
export const SERVE = {
  /** answers each request and keeps the connection */
  keep: (socket: net.Socket) => void socket.on('data', () => socket.write(RESPONSE)).on('end', () => socket.end()),
  /** answers once and ends */
  first: (socket: net.Socket) => void socket.once('data', () => socket.end(RESPONSE)).resume(),
  /** answers when the client has finished */
  afterEof(socket: net.Socket): void {
    let got = 0;
    socket.on('data', (chunk) => {
      got += chunk.length;
    });
    socket.on('end', () =>
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 1000004\r\n\r\n${String(got).padStart(4, '0')}${'x'.repeat(1_000_000)}`),
    );
  },
  echo: (socket: net.Socket) => void socket.on('data', (chunk) => socket.write(chunk)).on('end', () => socket.end()),
  silent: (socket: net.Socket) => void socket.resume(),
  ticking(socket: net.Socket): void {
    const timer = setInterval(() => socket.write('.'), 100);
    socket.resume().on('close', () => clearInterval(timer));
  },
};

type Owner = Parameters<typeof startProxy>[0];

/** Sends bytes on a connection of its own. */
export async function send(owner: Owner, port: number, bytes: string | Buffer): Promise<Client> {
  const client = await connect(owner, port);
  client.socket.write(bytes);
  return client;
}

export const gone = (client: Client) => until('the connection is closed', () => client.state.ended || client.state.closed, BUSY);
export const nobody = (proxy: RunningProxy) =>
  until('no connection is open', async () => (await proxy.metrics()).get('sniproxy_connections_active') === 0, BUSY);

/** Sockets of a port, on either side of it, in a TCP state of ss(8). */
export const inState = (state: string, port: number): string[] =>
  execFileSync('/usr/bin/ss', ['-Htn', 'state', state, `( sport = :${port} or dport = :${port} )`], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);

/** CPU seconds of a process so far. */
export function cpuSeconds(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** What a healthy proxy holds when nobody is connected: its baseline, and what the pool keeps for the next client. */
async function atRest(proxy: RunningProxy): Promise<number> {
  const metrics = await proxy.metrics();
  return (metrics.get('sniproxy_fd_baseline') ?? 0) + (metrics.get('sniproxy_pool_size') ?? 0);
}

/** The sockets by which the page is asked take a moment to close: it is asked for what there should be, then what there is is looked at alone. */
export async function explained(proxy: RunningProxy): Promise<void> {
  const once = async () => {
    const fds = await atRest(proxy);
    return until(`there are ${fds} descriptors`, () => proxy.fds() === fds || Promise.reject(new Error(`${proxy.fds()}`)), {
      timeoutMs: 3000,
    });
  };
  await until('every descriptor is explained', once, BUSY);
}

/** The books of the pool and the gauges of descriptors are exact. */
export async function checkBooks(proxy: RunningProxy): Promise<void> {
  await nobody(proxy);
  const { pool } = await proxy.status();
  const [created = 0, idle = 0, leased = 0, destroyed = 0] = [pool?.created, pool?.idle, pool?.leased, pool?.destroyed];
  if (created !== idle + leased + destroyed || leased !== 0) throw new Error(`pool: ${JSON.stringify(pool)}`);
  await explained(proxy);
}
