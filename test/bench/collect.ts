import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { openPostgres } from '#server/db/index.ts';
import { createFleet } from '#server/fleet/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { createLog } from '#server/kernel/log.ts';
import { openMetricStore, openPostgresStore } from '#server/metrics/index.ts';
import { createScraper } from '#server/scrape/index.ts';
import { nodeMetricsQuerySchema, type Sample } from '#shared/metrics.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { programs, startPostgres } from '#test/support/real-servers.ts';
import { writeSection } from './section.ts';

// What collecting costs: `node test/bench/collect.ts` prints the figures and writes them into docs/benchmarks.md, between its two marks.

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-bench-'));
const SERIES = 'openFds,fdLimit,connectionsActive,poolActive,acceptedPerSecond,rssBytes';
const NODES = 1000;
const TICK_MS = 5000;
/** of simulated ingest, for the disk figures */
const TICKS = 720;
const BASE = Date.now() - TICKS * TICK_MS;
const rows: [what: string, measured: string, target: string][] = [];
const say = (what: string, measured: string, target = '') => {
  rows.push([what, measured, target]);
  process.stdout.write(`${what}: ${measured}${target && ` (target ${target})`}\n`);
};

/** A node under changing load, with jitter in everything that jitters. */
function sampleOf(node: number, at: number, tick: number): Sample {
  const active = Math.round(40 + 20 * Math.sin(tick / 200 + node) + 12 * Math.random());
  return {
    at: at + Math.round(400 * Math.random()) + (node % 1000) * 4,
    processStart: 1_700_000_000_000 + node * 1000,
    openFds: 24 + 2 * active + Math.floor(tick / 30) + Math.round(4 * Math.random()),
    fdLimit: 8192,
    connectionsActive: active,
    connectionsStale: Math.round(Math.random()),
    dialing: Math.round(2 * Math.random()),
    poolActive: Math.floor(tick / 60),
    poolIdle: 8,
    baselineFds: 24,
    acceptedTotal: 900_000 + tick * 110 + Math.round(60 * Math.random()),
    refusedTotal: 0,
    bytesTotal: 4_000_000_000 + tick * 1_800_000 + Math.round(900_000 * Math.random()),
    errorsTotal: 37 + Math.floor(tick / 90),
    rssBytes: 71_000_000 + 4096 * Math.round(300 * Math.random()),
    cpuSeconds: Math.round(100 * (500 + tick * 0.031)) / 100,
    eventLoopLagSeconds: Math.round(1e6 * (0.001 + 0.002 * Math.random())) / 1e6,
    source: 'http',
  };
}

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
  const pages = db.prepare("SELECT name, sum(pgsize) AS bytes FROM dbstat WHERE name IN ('raw', 'bucket_1m') GROUP BY name");
  const bytes = Object.fromEntries(pages.all().map((row) => [String(row.name), Number(row.bytes)]));
  db.close();
  const raw = (bytes.raw ?? 0) / (NODES * TICKS);
  const minute = (bytes.bucket_1m ?? 0) / (NODES * (TICKS / 12 - 1));
  say('SQLite: disk bytes per node and tick, raw', raw.toFixed(0), '≤ 100');
  say('SQLite: disk bytes per node and minute bucket', minute.toFixed(0));
  say('SQLite: one tick of 1,000 nodes stored in (wall)', `${ms.toFixed(0)} ms`);
  say('SQLite: 1,000 nodes at 5 s, raw 48 h', `${((raw * NODES * 34_560) / 1e9).toFixed(1)} GB`);
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

async function oneDay(): Promise<void> {
  const now = Date.now();
  const store = await openMetricStore({ file: path.join(dir, 'day.db') });
  const points = 17_280;
  for (let tick = 0; tick < points; tick++) store.append('n_1', sampleOf(1, now - (points - tick + 2) * TICK_MS, tick));
  await store.flush();
  const member = { id: 'n_1', metrics: { via: 'http' } };
  const fleet = createFleet({
    nodes: { list: async () => [], get: async () => asMember(member) },
    scraper: { health: () => Promise.reject() as never },
    metrics: store,
    ssh: { hostKey: () => Promise.reject() },
    configFiles: { agreed: async () => null },
    runs: { activeRunOf: () => null, touching: () => [] },
    clock: systemClock,
  });
  const query = nodeMetricsQuerySchema.parse({ from: `${now - 86_500_000}`, to: `${now}`, full: '1', series: SERIES });
  // as the server does it, at its level
  const compress = promisify(gzip);
  const times: number[] = [];
  let [wire, count] = [0, 0];
  for (let i = 0; i < 40; i++) {
    const started = performance.now();
    const answer = await fleet.history('n_1', query);
    wire = (await compress(JSON.stringify(answer))).byteLength;
    times.push(performance.now() - started);
    count = answer.times.length;
  }
  await store.close();
  times.sort((a, b) => a - b);
  say(`24 h of one node, ${count} points × 6 series: p50`, `${times[20]?.toFixed(0)} ms`);
  say('24 h of one node: p95 of 40', `${times[38]?.toFixed(0)} ms`, '≤ 50 ms');
  say('24 h of one node: on the wire', `${(wire / 1000).toFixed(0)} kB`, '≤ 150 kB');
}

const asMember = (member: { id: string; metrics: { via: string } }): FleetMember => member as FleetMember;

/** 61 lines, as a proxy's page is; the numbers move. */
function pageOf(node: number, tick: number): string {
  const s = sampleOf(node, 0, tick);
  const lines = [
    `process_open_fds ${s.openFds}`,
    'process_max_fds 8192',
    'process_start_time_seconds 1700000000',
    `process_resident_memory_bytes ${s.rssBytes}`,
    `process_cpu_seconds_total ${s.cpuSeconds}`,
    `sniproxy_connections_active ${s.connectionsActive}`,
    `sniproxy_accepted_total ${s.acceptedTotal}`,
    'sniproxy_fd_baseline 24',
    'sniproxy_pool_enabled 1',
    `sniproxy_pool_size ${s.poolIdle}`,
    `sniproxy_pool_active_connections ${s.poolActive}`,
    `sniproxy_eventloop_lag_seconds ${s.eventLoopLagSeconds}`,
    `sniproxy_config_info{sha256="${'ab'.repeat(32)}",generation="1"} 1`,
    ...['sniff', 'dial', 'tunnel', 'half_closed', 'stale'].map((p) => `sniproxy_connections_phase{phase="${p}"} 3`),
    ...['limit', 'budget', 'rate'].map((r) => `sniproxy_refused_total{reason="${r}"} 0`),
    ...Array.from({ length: 12 }, (_, i) => `sniproxy_errors_total{error_type="e${i}",protocol="tls"} ${i}`),
    ...Array.from({ length: 14 }, (_, i) => `sniproxy_bytes_transferred_total{host="h${i}.example",direction="tx"} ${s.bytesTotal}`),
    ...Array.from({ length: 14 }, (_, i) => `sniproxy_connection_duration_seconds_bucket{protocol="tls",le="${i}"} ${i * 7}`),
  ];
  return `${lines.slice(0, 61).join('\n')}\n`;
}

const SERVE = `const pages = JSON.parse(process.env.PAGES); let i = 0;
const server = require('node:http').createServer((request, response) => {
  const page = pages[i++ % pages.length];
  response.writeHead(request.url.startsWith('/m') ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4', 'content-length': page.length });
  response.end(page);
});
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));`;

/** All nodes are one server in a process of its own, so that this process' CPU is the console's alone. */
async function scraping(): Promise<void> {
  const pages = JSON.stringify([0, 1, 2, 3].map((node) => pageOf(node, node * 100)));
  const child = spawn(process.execPath, ['-e', SERVE], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, PAGES: pages },
  });
  const port = await new Promise<number>((resolve) => child.once('message', (message) => resolve(Number(message))));
  const members = Array.from({ length: NODES }, (_, i) => ({
    ...{ id: `n_${i}`, name: `node-${i}`, host: '127.0.0.1', sshPort: 22, user: 'sre', unit: 'sniproxy', configPath: '/c', labels: {} },
    ...{ version: 1, createdAt: new Date().toISOString(), metrics: { via: 'http' as const, url: `http://127.0.0.1:${port}/m${i}` } },
  }));
  const store = await openMetricStore({ file: path.join(dir, 'scrape.db') });
  let scrapes = 0;
  const never = () => new Promise<never>(() => undefined);
  const scraper = createScraper({
    nodes: { list: async () => members, onChange: () => () => undefined },
    metrics: {
      ...store,
      append(id, sample) {
        scrapes++;
        store.append(id, sample);
      },
    },
    ssh: { openTcp: never, exec: never },
    ops: { probe: () => Promise.reject(new Error('no ssh here')) },
    events: { publish: () => undefined },
    clock: systemClock,
    log: createLog({ level: 'silent', pretty: false }),
    intervalMs: TICK_MS,
  });
  scraper.start();
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await wait(12_000);
  const [before, cpu] = [scrapes, process.cpuUsage()];
  await wait(20_000);
  const { user, system } = process.cpuUsage(cpu);
  const done = scrapes - before;
  await scraper.stop();
  await store.close();
  child.kill('SIGKILL');
  say('Collecting 1,000 nodes: scrapes in 20 s', `${done}`, '4,000');
  say(
    'Collecting: CPU per scrape, all in (HTTP, parsing, storing, SQLite thread)',
    `${((user + system) / 1000 / done).toFixed(2)} ms`,
    '≤ 0.54 ms',
  );
  say('Collecting: memory of the process (RSS)', `${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`, '≤ 250 MB');
}

try {
  await scraping();
  await oneDay();
  await disk();
  await postgres();
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}
writeSection('collect', 'Collecting', 'node test/bench/collect.ts', [
  ['what', 'measured', 'target'],
  ...rows.map(([what, measured, target]) => [what, measured, target]),
]);
process.exit(0);
