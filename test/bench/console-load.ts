// What 200 signed-in browsers cost one console: `node test/bench/console-load.ts [seconds]`; 720 s at one reading a second are the samples of an hour.
// Writes its table into docs/benchmarks.md, and fails when an answer is late or memory grows. Clients and pages are in this process, the console in its own.
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { invitedSchema } from '#shared/account.ts';
import { freePort } from '#test/support/free-port.ts';
import { until } from '#test/support/until.ts';
import { writeSection } from './section.ts';

const SECONDS = Number(process.argv[2] ?? 720);
const BROWSERS = 200;
/** Each has forty browsers: one person may hold 64 event streams. */
const PEOPLE = 5;
/** Read every second: as many samples as of a hundred nodes read every 5 s. */
const NODES = 20;
const P95_MS = 100;
/** Of the console's memory between the first fifth and the last, MiB. */
const MOST_GROWTH = 40;
const LOGIN = { email: 'load@example.com', password: 'correct horse battery' };
const ROOT = path.resolve(import.meta.dirname, '../..');

type Asked = { route: string; ms: number };
const asked: Asked[] = [];
const lags: number[] = [];
const rss: number[] = [];
let events = 0;
let failed = 0;
const stop = new AbortController();

let dir = '';
let url = '';
let pages: http.Server;
if (isMainThread) await main();
else listenHere(workerData as { url: string; cookies: readonly string[] });

async function main(): Promise<void> {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'console-load-'));
  pages = await servePages();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const served = startConsole(port);
  try {
    await until('the console answers', async () => (await fetch(`${url}/readyz`)).ok, { timeoutMs: 60_000 });
    const cookies: string[] = [];
    cookies.push(await signIn());
    for (let i = 1; i < PEOPLE; i++) cookies.push(await invite(i, cookies[0] ?? ''));
    const ids = await register(cookies[0] ?? '');
    const cookieOf = (i: number) => cookies[i % PEOPLE] ?? '';
    const listeners = listenBeside(Array.from({ length: BROWSERS }, (_, i) => cookieOf(i)));
    const pollers = Array.from({ length: BROWSERS }, (_, i) => browse(cookieOf(i), ids[i % ids.length] ?? '', i));
    await sleep(15_000);
    asked.length = 0;
    lags.length = 0;
    const began = performance.now();
    while (performance.now() - began < SECONDS * 1000) {
      rss.push(rssOf(served.pid ?? 0));
      await sleep(1000);
    }
    stop.abort();
    await Promise.allSettled([listeners.terminate(), ...pollers]);
  } finally {
    const ended = new Promise((resolve) => served.once('exit', resolve));
    served.kill('SIGKILL');
    await ended;
    pages.close();
    pages.closeAllConnections();
    fs.rmSync(dir, { recursive: true, force: true });
  }
  report();
}

function startConsole(port: number): ChildProcess {
  return spawn(process.execPath, ['--max-semi-space-size=8', 'app/serve.ts'], {
    cwd: ROOT,
    env: {
      ...{
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        HEADROOM_LOG_LEVEL: 'error',
        MALLOC_ARENA_MAX: '2',
        MALLOC_MMAP_THRESHOLD_: '65536',
      },
      ...{ HEADROOM_DATA_DIR: dir, PORT: `${port}`, HEADROOM_SCRAPE_SECONDS: '1' },
      ...{ HEADROOM_ADMIN_EMAIL: LOGIN.email, HEADROOM_ADMIN_PASSWORD: LOGIN.password },
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** One page a node, whose counters grow. */
async function servePages(): Promise<http.Server> {
  const started = Date.now();
  const server = http.createServer((request, response) => {
    const n = Number(/\d+/.exec(request.url ?? '')?.[0] ?? 0);
    const age = (Date.now() - started) / 1000;
    const lines = [
      `process_open_fds ${200 + n + Math.floor(age / 10)}`,
      'process_max_fds 8192',
      `process_start_time_seconds ${Math.floor(started / 1000) - 3600}`,
      `sniproxy_connections_active ${50 + (n % 7)}`,
      `sniproxy_accepted_total ${Math.floor(age * (5 + n))}`,
      `sniproxy_bytes_transferred_total ${Math.floor(age * 1e5)}`,
      `process_resident_memory_bytes ${6e7 + n}`,
      `process_cpu_seconds_total ${(age / 20).toFixed(2)}`,
    ];
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
    response.end(request.url?.endsWith('/ready') ? 'ready' : `${lines.join('\n')}\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function post(route: string, body: unknown, cookie = ''): Promise<Response> {
  const headers = { 'content-type': 'application/json', origin: url, ...(cookie !== '' && { cookie }) };
  const response = await fetch(`${url}/api/v1/${route}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${route}: ${response.status} ${await response.text()}`);
  return response;
}

function cookieIn(response: Response): string {
  const cookies = response.headers.getSetCookie();
  return cookies.map((cookie) => cookie.split(';')[0]).join('; ');
}

async function signIn(): Promise<string> {
  return cookieIn(await post('auth/sign-in', LOGIN));
}

/** Another person, who came by the link that an admin sent. */
async function invite(i: number, cookie: string): Promise<string> {
  const person = { email: `load-${i}@example.com`, name: `Load ${i}`, role: 'viewer' };
  const { link } = invitedSchema.parse(await (await post('users', person, cookie)).json());
  const token = /[A-Za-z0-9_-]{20,}$/.exec(link.link)?.[0] ?? '';
  return cookieIn(await post('auth/links/redeem', { token, password: LOGIN.password }));
}

async function register(cookie: string): Promise<string[]> {
  const address = pages.address();
  const at = typeof address === 'object' && address ? address.port : 0;
  const ids: string[] = [];
  for (let i = 0; i < NODES; i++) {
    const metrics = { via: 'http', url: `http://127.0.0.1:${at}/${i}/metrics` };
    const response = await post('nodes', { name: `edge-${i}`, host: '127.0.0.1', sshPort: 1, user: 'sre', metrics }, cookie);
    ids.push(((await response.json()) as { id: string }).id);
  }
  return ids;
}

/** Event streams as browsers hold them, on a thread of their own: what they cost is not the console's. */
function listenBeside(cookies: readonly string[]): Worker {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url, cookies } });
  worker.on('message', (told: { events: number; lags: number[] }) => {
    events += told.events;
    lags.push(...told.lags);
  });
  return worker;
}

function listenHere({ url: at, cookies }: { url: string; cookies: readonly string[] }): void {
  const told = { events: 0, lags: [] as number[] };
  const agent = new http.Agent({ maxSockets: Number.POSITIVE_INFINITY });
  const open = (cookie: string): void => {
    const request = http.get(`${at}/api/v1/events`, { agent, headers: { cookie, accept: 'text/event-stream' } }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        const count = text.split('"fleet.sample"').length - 1;
        told.events += count;
        const sent = count > 0 && told.events % 20 === 0 ? /"at":(\d+)/.exec(text)?.[1] : undefined;
        if (sent) told.lags.push(Date.now() - Number(sent));
      });
      response.on('close', () => setTimeout(open, 1000, cookie));
    });
    request.on('error', () => undefined);
  };
  cookies.forEach(open);
  setInterval(() => {
    parentPort?.postMessage(told);
    told.events = 0;
    told.lags = [];
  }, 1000);
}

/** What an open page asks: the fleet, a node and its last hour, the runs, each a few times a minute. */
async function browse(cookie: string, id: string, i: number): Promise<void> {
  const routes = ['fleet', `nodes/${id}`, `nodes/${id}/metrics`, 'runs', 'session'];
  for (let n = i; !stop.signal.aborted; n++) {
    await sleep(4000 + Math.random() * 2000, undefined, { signal: stop.signal });
    const route = routes[n % routes.length] ?? 'fleet';
    const from = performance.now();
    try {
      const response = await fetch(`${url}/api/v1/${route}`, { headers: { cookie }, signal: stop.signal });
      await response.arrayBuffer();
      if (!response.ok) failed++;
      asked.push({ route: route.replace(id, ':id'), ms: performance.now() - from });
    } catch {
      if (!stop.signal.aborted) failed++;
    }
  }
}

/** MiB */
function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
}

function report(): void {
  const quantile = (values: readonly number[], q: number) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * q)] ?? 0;
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  const row = (name: string, values: readonly number[]) => [
    name,
    `${values.length}`,
    ...[0.5, 0.95, 0.99].map((q) => ms(quantile(values, q))),
  ];
  const routes = [...new Set(asked.map(({ route }) => route))].sort();
  const all = asked.map((one) => one.ms);
  const fifth = Math.max(1, Math.floor(rss.length / 5));
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const [before, after] = [mean(rss.slice(0, fifth)), mean(rss.slice(-fifth))];
  const table = [
    ['', 'asked', 'median', 'p95', 'p99'],
    ...routes.map((route) =>
      row(
        `GET ${route}`,
        asked.filter((one) => one.route === route).map((one) => one.ms),
      ),
    ),
    row('all requests', all),
    row('an event, from its reading to the browser', lags),
  ];
  for (const cells of table) process.stdout.write(`${cells.join('  ')}\n`);
  const memory = `Memory of the console: ${before.toFixed(0)} MiB in the first fifth, ${after.toFixed(0)} MiB in the last.`;
  process.stdout.write(`${memory} ${events} events, ${failed} failed requests\n`);
  const note = `${BROWSERS} event streams and as many pages that ask every 5 s, ${NODES} nodes read every second, which is as many samples as 100 nodes give by default, ${SECONDS} s. ${memory} ${failed} requests failed. The clients share the machine.`;
  writeSection('console-load', 'Two hundred browsers on one console', `node test/bench/console-load.ts ${SECONDS}`, table, note);
  const late = quantile(all, 0.95) > P95_MS;
  const grown = after - before > MOST_GROWTH;
  if (late || grown || failed > 0) {
    process.stderr.write(
      `${[late && 'p95 is late', grown && 'memory grew', failed > 0 && 'requests failed'].filter(Boolean).join(', ')}\n`,
    );
    process.exit(1);
  }
  process.exit(0);
}
