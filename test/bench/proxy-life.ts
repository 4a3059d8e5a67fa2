// What clients notice while a proxy is reloaded, recycled, restarted and killed: `node test/bench/proxy-life.ts [seconds of each part]`.
// Writes its table to docs/benchmarks.md.
import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '#test/support/until.ts';
import { CLI, portOf, startProxy } from '../integration/proxy-core/harness.ts';
import { ACTIVATE, holdSocket } from '../integration/proxy-core/held-socket.ts';
import { type Load, startLoad } from '../integration/proxy-core/load.ts';
import { writeSection } from './section.ts';

const RESPONSE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CLIENTS = 16;
const seconds = Number(process.argv[2] ?? 15);
const patience = { timeoutMs: 60_000 };

const undo: (() => unknown)[] = [];
const owner = { after: (fn: () => unknown) => void undo.push(fn) };
const backend = net.createServer((socket) => socket.on('data', () => socket.end(RESPONSE)).on('error', () => {}));
await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
owner.after(() => backend.close());

const held = await holdSocket(owner);
const config = (workers: number, n = 0) =>
  `workers: ${workers}\nmax_connections: ${2000 + n}\nlog: { access: false }\nroutes: [{ match: a.test, backends: ["127.0.0.1:${portOf(backend)}"] }]`;
const start = (workers: number) =>
  startProxy(owner, config(workers), {
    command: [...ACTIVATE, process.execPath, CLI],
    listen: [`127.0.0.1:${held.port}`],
    fds: [held.fd],
    env: { LISTEN_FDS: '1' },
  });
let proxy = await start(2);
const workers = () =>
  execFileSync('/usr/bin/pgrep', ['-P', `${proxy.pid}`], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean)
    .map(Number);

const rows: string[][] = [['under load', 'times', 'clients served', 'clients that failed', 'how they failed']];
/** Does `act` again and again for so long, with clients going on all the while. */
async function part(name: string, everyMs: number, act: (n: number) => Promise<void>): Promise<void> {
  const load: Load = startLoad(owner, held.port, RESPONSE, { clients: CLIENTS });
  await until('the load runs', () => load.served > 100, patience);
  const end = Date.now() + seconds * 1000;
  let times = 0;
  while (Date.now() < end) {
    times += 1;
    await act(times);
    await sleep(everyMs);
  }
  const before = load.served;
  await until('the load still runs', () => load.served > before + 100, patience);
  await load.stop();
  const kinds = [...new Set(load.failures)].join('; ');
  rows.push([name, `${times}`, `${load.served}`, `${load.failures.length}`, kinds || '–']);
  process.stdout.write(`${rows.at(-1)?.join(' | ')}\n`);
}

/** Ends one worker, and waits for the one that replaces it. */
const recycle = (signal: NodeJS.Signals) => async () => {
  const [oldest = 0] = workers();
  process.kill(oldest, signal);
  await until('it is replaced', async () => !workers().includes(oldest) && (await proxy.metrics()).get('sniproxy_workers') === 2, patience);
};
const restart = (count: number) => async () => {
  proxy.signal('SIGTERM');
  await proxy.exited;
  proxy = await start(count);
};

await part('SIGHUP, every fifth file wrong; workers: 2', 100, async (n) => {
  proxy.write(n % 5 === 0 ? 'routes: [' : config(2, n));
  proxy.signal('SIGHUP');
});
proxy.write(config(2));
await part('SIGTERM to a worker; workers: 2', 200, recycle('SIGTERM'));
await part(`SIGKILL to a worker, which may carry some of ${CLIENTS} clients; workers: 2`, 200, recycle('SIGKILL'));
const losses = (await proxy.metrics()).get('sniproxy_worker_losses_total');
await part('restart on a socket that outlives it; workers: 2', 200, restart(2));
await restart(1)();
await part('restart on a socket that outlives it; workers: 1', 200, restart(1));
await part('SIGHUP, every fifth file wrong; workers: 1', 100, async (n) => {
  proxy.write(n % 5 === 0 ? 'routes: [' : config(1, n));
  proxy.signal('SIGHUP');
});

writeSection(
  'proxy-life',
  'proxy-core: reloaded, recycled, restarted and killed under load',
  `node test/bench/proxy-life.ts ${seconds}`,
  rows,
  `${CLIENTS} clients connect, ask, read to the end and begin again. A client fails that is refused, reset, cut short, or has nothing after a minute. ` +
    `The killed workers were counted: sniproxy_worker_losses_total was ${losses}.`,
);
for (const fn of undo.reverse()) await fn();
process.exit(rows.slice(1).some(([name = '', , , failed]) => failed !== '0' && !name.startsWith('SIGKILL')) ? 1 : 0);
