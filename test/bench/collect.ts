import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { openPostgres } from '#server/db/index.ts';
import { openMetricStore, openPostgresStore } from '#server/metrics/index.ts';
import { programs, startPostgres, startPrometheus } from '#test/support/real-servers.ts';
import { pin, registerNode, testSsh } from '#test/support/ssh-client.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';
import { sampleOf, TICK_MS } from './collect-load.ts';
import { collector, hostOf, memberAt, membersOf, pages, usageOf } from './collect-rig.ts';
import { writeSection } from './section.ts';

// What collecting costs: `node test/bench/collect.ts` prints the figures and writes them into docs/benchmarks.md, between its two marks.

// As `npm start` runs it: with its sources compiled before, large buffers given back and little room for young garbage. The first of two runs compiles them.
if (!process.env.NODE_COMPILE_CACHE) {
  const malloc = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536' };
  const env = {
    ...process.env,
    ...malloc,
    NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, '../../node_modules/.cache/headroom-compiled'),
  };
  const run = (args: string[]) =>
    spawnSync(process.execPath, ['--max-semi-space-size=4', '--heap-growing-percent=40', import.meta.filename, ...args], {
      env,
      stdio: 'inherit',
    }).status ?? 1;
  run(['warm']);
  process.exit(run(process.argv.slice(2)));
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-bench-'));
const NODES = 1000;
/** of simulated ingest, for the disk figures */
const TICKS = 720;
const BASE = Date.now() - TICKS * TICK_MS;
const rows: [what: string, measured: string, target: string][] = [];
const say = (what: string, measured: string, target = '') => {
  rows.push([what, measured, target]);
  process.stdout.write(`${what}: ${measured}${target && ` (target ${target})`}\n`);
};

async function disk(): Promise<void> {
  const file = path.join(dir, 'disk.db');
  const store = await openMetricStore({ file });
  const started = performance.now();
  for (let tick = 0; tick < TICKS; tick++) {
    for (let node = 0; node < NODES; node++) store.append(`n_${node}`, sampleOf(node, BASE + tick * TICK_MS, tick));
    await store.flush();
  }
  const ms = (performance.now() - started) / TICKS;
  await store.close();
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const pages = db.prepare("SELECT name, sum(pgsize) AS bytes FROM dbstat WHERE name IN ('chunk', 'journal', 'bucket_1m') GROUP BY name");
  const bytes = Object.fromEntries(pages.all().map((row) => [String(row.name), Number(row.bytes)]));
  db.close();
  // the journal has a fixed size, the newest minutes; here it is spread over one hour
  const raw = ((bytes.chunk ?? 0) + (bytes.journal ?? 0)) / (NODES * TICKS);
  const minute = (bytes.bucket_1m ?? 0) / (NODES * (TICKS / 12 - 1));
  say('SQLite: disk bytes per node and tick, raw', raw.toFixed(0), '≤ 100');
  say('SQLite: disk bytes per node and minute bucket', minute.toFixed(0));
  say('SQLite: one tick of 1,000 nodes stored in (wall)', `${ms.toFixed(0)} ms`);
  say('SQLite: 1,000 nodes at 5 s, raw 48 h', `${(((bytes.chunk ?? 0) * 48 + (bytes.journal ?? 0)) / 1e9).toFixed(1)} GB`);
  say('SQLite: 1,000 nodes, 1 min × 30 d', `${((minute * NODES * 43_200) / 1e9).toFixed(1)} GB`);
  say('SQLite: 1,000 nodes, 15 min × 13 months', `${((minute * NODES * 38_016) / 1e9).toFixed(1)} GB`);
}

async function postgres(): Promise<void> {
  const bin = programs.postgres();
  if (!bin) return;
  const server = await startPostgres(bin);
  const store = await openPostgresStore({ url: server.url });
  const ticks = 120;
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  for (let tick = 0; tick < ticks; tick++) {
    for (let node = 0; node < NODES; node++) store.append(`n_${node}`, sampleOf(node, Date.now() - (ticks - tick) * TICK_MS, tick));
    await store.flush();
  }
  const { user, system } = process.cpuUsage(cpu);
  const ms = (performance.now() - started) / ticks;
  await store.close();
  const asking = openPostgres({ url: server.url, onError: () => undefined });
  const [row] = await asking.query(
    "SELECT sum(pg_total_relation_size(inhrelid))::float8 FROM pg_inherits WHERE inhparent = 'metric_raw'::regclass",
  );
  await asking.close();
  await server.stop();
  say('PostgreSQL: disk bytes per node and tick, raw with its index', (Number(row?.[0]) / (NODES * ticks)).toFixed(0));
  say('PostgreSQL: one tick of 1,000 nodes stored in (wall)', `${ms.toFixed(0)} ms`);
  say('PostgreSQL: CPU of the console per tick of 1,000 nodes', `${((user + system) / 1000 / ticks).toFixed(0)} ms`);
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

const WINDOWS = 3;
const WINDOW_MS = 15_000;

/** Memory of a console that has no history yet and reads 1,000 pages; in a process of its own. */
async function fresh(): Promise<void> {
  const { stdout } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename, 'freshMemory'], { encoding: 'utf8' });
  say('Collecting: memory of the process (RSS), 1,000 nodes and no history', stdout.trim());
}

async function freshMemory(): Promise<void> {
  const served = await pages(NODES);
  const running = await collector(dir, membersOf(NODES, served.port), TICK_MS);
  await wait(30_000);
  process.stdout.write(`${mb(process.memoryUsage.rss())}\n`);
  await running.stop();
  served.stop();
}

/** The console and a real Prometheus read the same 1,000 pages every 5 s at the same time. */
async function sideBySide(): Promise<void> {
  // in a process of its own: its memory is not the console's
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'collect-history.ts'), path.join(dir, `scrape-${NODES}.db`), String(NODES)]);
  const served = await pages(NODES);
  const members = membersOf(NODES, served.port);
  const targets = members.map((_, i) => `"${hostOf(i, served.port)}"`).join(', ');
  const program = programs.prometheus();
  const config = `scrape_configs: [{ job_name: sniproxy, scrape_interval: 5s, static_configs: [{ targets: [${targets}] }] }]\n`;
  const prometheus = program === null ? null : await startPrometheus(program, config);
  const running = await collector(dir, members, TICK_MS);
  await wait(12_000);
  const [ours, theirs, scrapes]: number[][] = [[], [], []];
  for (let i = 0; i < WINDOWS; i++) {
    const [before, cpu] = [running.scrapes(), process.cpuUsage()];
    const other = prometheus && usageOf(prometheus.pid).cpuMs;
    await wait(WINDOW_MS);
    const { user, system } = process.cpuUsage(cpu);
    const done = running.scrapes() - before;
    scrapes?.push(done);
    ours?.push((user + system) / 1000 / done);
    // it scrapes each target once an interval
    if (prometheus && other !== null) theirs?.push((usageOf(prometheus.pid).cpuMs - other) / ((NODES * WINDOW_MS) / TICK_MS));
  }
  const rss = process.memoryUsage.rss();
  const other = prometheus && usageOf(prometheus.pid).rss;
  await running.stop();
  await prometheus?.stop();
  served.stop();
  const [us, them] = [median(ours ?? []), median(theirs ?? [])];
  say(`Collecting 1,000 nodes: scrapes in ${WINDOW_MS / 1000} s`, `${median(scrapes ?? [])}`, '3,000');
  say('Collecting: CPU per scrape, all in (HTTP, /ready, parsing, storing)', `${us.toFixed(2)} ms`, '≤ 0.54 ms');
  if (prometheus) say('Prometheus beside it, the same pages: CPU per scrape', `${them.toFixed(2)} ms`);
  if (prometheus) say('Collecting: share of what Prometheus needs', (us / them).toFixed(2), '≤ 1');
  say('Collecting: memory of the process (RSS), with 30 hours of 1,000 nodes in it', mb(rss), '≤ 250 MB');
  say('Start: 30 hours of 1,000 nodes read back in', `${(running.openedMs / 1000).toFixed(1)} s`);
  if (other) say('Prometheus beside it: memory (RSS)', mb(other));
}

/** The same 100 pages read directly, then through a real sshd: one kept channel a node. */
async function throughSsh(): Promise<void> {
  const ends: (() => unknown)[] = [];
  const context = asContext({ after: (end: () => unknown) => ends.unshift(end) });
  const nodes = 100;
  const served = await pages(nodes);
  const server = await startOpenSsh(context, { lines: ['MaxStartups 500'] });
  const { ssh, db } = await testSsh(context, server.privateKey, 'n_0');
  for (let i = 0; i < nodes; i++) {
    if (i > 0) await registerNode(db, `n_${i}`);
    await pin(db, `n_${i}`, server.fingerprint());
  }
  const cost: Record<string, number[]> = { http: [], ssh: [] };
  for (const via of ['http', 'ssh', 'http', 'ssh', 'http', 'ssh'] as const) {
    const members = Array.from({ length: nodes }, (_, i) => {
      const { host, sshPort, user } = server.target('');
      return { ...memberAt(i, { via, url: `http://${hostOf(i, served.port)}/metrics` }), host, sshPort, user };
    });
    const running = await collector(dir, members, 500, ssh);
    await wait(4000);
    const [before, cpu] = [running.scrapes(), process.cpuUsage()];
    await wait(5000);
    const { user, system } = process.cpuUsage(cpu);
    cost[via]?.push((user + system) / 1000 / (running.scrapes() - before));
    await running.stop();
  }
  for (const end of ends) await end();
  served.stop();
  say('CPU per scrape of 100 nodes twice a second, direct', `${median(cost.http ?? []).toFixed(2)} ms`);
  say('CPU per scrape of the same through SSH (a kept channel each)', `${median(cost.ssh ?? []).toFixed(2)} ms`);
}

/** What the test servers need of a test: to be told when it is over. */
const asContext = (context: { after(end: () => unknown): unknown }): TestContext => context as TestContext;

const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));
// `warm` measures nothing: its sources are compiled, those of the store's thread too
if (only[0] === 'warm') await (await openMetricStore({ file: path.join(dir, 'warm.db') })).close();
if (only[0] === 'freshMemory') {
  await freshMemory();
  fs.rmSync(dir, { recursive: true, force: true });
  process.exit(0);
}
const parts = { sideBySide, fresh, throughSsh, disk, postgres };
try {
  for (const [name, part] of Object.entries(parts)) if (only.length === 0 || only.includes(name)) await part();
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}
if (only.length === 0)
  writeSection('collect', 'Collecting', 'node test/bench/collect.ts', [
    ['what', 'measured', 'target'],
    ...rows.map(([what, measured, target]) => [what, measured, target]),
  ]);
process.exit(0);
