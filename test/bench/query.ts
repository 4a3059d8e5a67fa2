import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createFleet, type FleetDeps } from '#server/fleet/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { type MetricStore, openMetricStore } from '#server/metrics/index.ts';
import type { NodeHealth } from '#server/scrape/index.ts';
import { inDifferences } from '#shared/differences.ts';
import { nodeMetricsQuerySchema } from '#shared/metrics.ts';
import type { FleetMember } from '#shared/nodes.ts';
import { compressedJson } from '../../app/api/_http/compressed-json.ts';
import { sampleOf, TICK_MS } from './collect-load.ts';
import { writeSection } from './section.ts';

// How fast charts and the overview are answered: `node test/bench/query.ts` prints the figures and writes them into docs/benchmarks.md.
// Measured from the question to the bytes as they go out; network and the sign-in check (about a millisecond) are not in it.

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-bench-'));
const SERIES = 'openFds,fdLimit,connectionsActive,poolActive,acceptedPerSecond,rssBytes';
const ROUNDS = 40;
const rows: string[][] = [['what', 'p50', 'p95', 'CPU, all threads', 'on the wire', 'target']];

const member = (id: string): FleetMember => ({
  ...{ id, name: id, host: '10.0.0.1', sshPort: 22, user: 'sre', unit: 'sniproxy', configPath: '/c', labels: { group: 'edge' } },
  ...{ version: 1, createdAt: new Date().toISOString(), metrics: { via: 'http', url: 'http://10.0.0.1:9090/metrics' } },
});

function fleetOf(metrics: MetricStore, members: FleetMember[], now: () => number) {
  const health = (id: string): NodeHealth => ({
    ...{ state: 'up', reason: null, lastSample: metrics.last(id), ready: true, pool: { enabled: true }, configSha256: 'ab'.repeat(32) },
    ...{ drill: null, version: '1.0.0', sshError: null },
  });
  const deps: FleetDeps = {
    nodes: { list: async () => members, get: async (id) => member(id) },
    scraper: { health },
    metrics,
    ssh: { hostKeys: async () => new Map(members.map(({ id }) => [id, { pinned: 'SHA256:abc', offered: null, blocked: false }])) },
    configFiles: { allAgreed: async () => new Map(members.map(({ id }) => [id, 'ab'.repeat(32)])) },
    runs: { activeRunOf: () => null, touching: () => [] },
    marks: { within: async () => [] },
    clock: { ...systemClock, now },
  };
  return createFleet(deps);
}

async function measure(what: string, target: string, ask: () => Promise<Response>): Promise<void> {
  const times: number[] = [];
  let bytes = 0;
  const cpu = process.cpuUsage();
  for (let i = 0; i < ROUNDS; i++) {
    const started = performance.now();
    bytes = (await (await ask()).arrayBuffer()).byteLength;
    times.push(performance.now() - started);
  }
  const { user, system } = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const at = (share: number) => `${(times[Math.floor(ROUNDS * share)] ?? 0).toFixed(0)} ms`;
  const row = [what, at(0.5), at(0.95), `${((user + system) / 1000 / ROUNDS).toFixed(0)} ms`, `${(bytes / 1000).toFixed(0)} kB`, target];
  rows.push(row);
  process.stdout.write(`${row.join(' | ')}\n`);
}

const asked = new Request('http://127.0.0.1/', { headers: { 'accept-encoding': 'gzip' } });

async function oneDay(): Promise<void> {
  const now = Date.now();
  const store = await openMetricStore({ file: path.join(dir, 'day.db') });
  const points = 17_280;
  for (let tick = 0; tick < points; tick++) store.append('n_1', sampleOf(1, now - (points - tick + 2) * TICK_MS, tick));
  await store.flush();
  const fleet = fleetOf(store, [member('n_1')], () => now);
  const question = { from: `${now - 86_500_000}`, to: `${now}`, full: '1' };
  const six = nodeMetricsQuerySchema.parse({ ...question, series: SERIES });
  const what = '24 h of one node, 17,280 points × 6 series';
  await measure(`${what}, as differences`, '≤ 50 ms, ≤ 150 kB', async () =>
    compressedJson(asked, inDifferences(await fleet.history('n_1', six))),
  );
  await measure(`${what}, plain`, '≤ 50 ms, ≤ 150 kB', async () => compressedJson(asked, await fleet.history('n_1', six)));
  const all = nodeMetricsQuerySchema.parse(question);
  await measure('24 h of one node, every series, as differences', '', async () =>
    compressedJson(asked, inDifferences(await fleet.history('n_1', all))),
  );
  const drawn = nodeMetricsQuerySchema.parse({ from: question.from, to: question.to });
  await measure('24 h of one node, as the page asks for it', '', async () => compressedJson(asked, await fleet.history('n_1', drawn)));
  await store.close();
}

/** An hour of samples in memory, the last five minutes in full; each round at another moment with a new sample a node, as in service. */
async function overview(): Promise<void> {
  let now = Date.now();
  const store = await openMetricStore({ file: path.join(dir, 'fleet.db'), now: () => now });
  const members = Array.from({ length: 1000 }, (_, i) => member(`n_${i}`));
  const ages = [...Array.from({ length: 55 }, (_, i) => (60 - i) * 60_000), ...Array.from({ length: 60 }, (_, i) => (60 - i) * TICK_MS)];
  const ticks = ages.length;
  for (const [i, age] of ages.entries()) {
    for (let node = 0; node < 1000; node++) store.append(`n_${node}`, sampleOf(node, now - age, i));
    if (i % 10 === 0) await store.flush();
  }
  await store.flush();
  const fleet = fleetOf(store, members, () => now);
  let tick = ticks;
  // every node is judged once before anything is measured
  for (let i = 0; i < 40; i++) {
    await fleet.view();
    await new Promise((resolve) => setTimeout(resolve, 100));
    now += 1000;
  }
  await measure('Fleet overview: 1,000 nodes with sparklines', '≤ 100 ms', async () => {
    now += 1000;
    if (tick % 5 === 0) for (let node = 0; node < 1000; node++) store.append(`n_${node}`, sampleOf(node, now - TICK_MS, tick));
    tick++;
    await store.flush();
    return compressedJson(asked, await fleet.view());
  });
  await store.close();
}

try {
  await oneDay();
  await overview();
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}
if (!process.argv.includes('--dry')) writeSection('query', 'Answering', 'node test/bench/query.ts', rows);
process.exit(0);
