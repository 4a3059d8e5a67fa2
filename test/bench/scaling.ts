// How cost grows with size: `node test/bench/scaling.ts [--quick] [--only WORDS]`. Each measures × 1, × 2, × 4, × 8 of one thing, by CPU time or by memory,
// and fits the exponent: 1 is as much more as there is more of it. Writes its table into docs/benchmarks.md and docs/pictures/bench-scaling.svg.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { assessLeak } from '#server/detect/index.ts';
import { openMetricStore } from '#server/metrics/index.ts';
import { type Curve, scalingChart } from './charts.ts';
import { sampleOf, TICK_MS } from './collect-load.ts';
import { collector, membersOf, pages } from './collect-rig.ts';
import { exponentOf, numberIn } from './figures.ts';
import { hold, rssKib, startBackends, startOurs } from './proxy-peers.ts';
import { writeSection } from './section.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: '' } } });
const TIMES = [1, 2, 4, 8] as const;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'scaling-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

type Scale = { name: string; base: number; unit: string; measure: (sizes: readonly number[]) => Promise<number[]> };

/** ms of CPU of this process, all its threads, that each of `rounds` took. */
async function cpuOf(rounds: number, work: () => unknown): Promise<number> {
  for (let i = 0; i < rounds / 4; i += 1) await work();
  const cpu = process.cpuUsage();
  for (let i = 0; i < rounds; i += 1) await work();
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / 1000 / rounds;
}

async function oneByOne(sizes: readonly number[], measure: (size: number) => Promise<number>): Promise<number[]> {
  const all: number[] = [];
  for (const size of sizes) all.push(await measure(size));
  return all;
}

/** KiB above those of the empty proxy; a new proxy for each size, since freed memory is not given back at once. */
async function held(size: number): Promise<number> {
  const proxy = await startOurs(dir, 18_050 + Math.round(Math.log2(size)));
  const warm = await hold(proxy.port, 50);
  await warm.release();
  const empty = rssKib(proxy);
  const holding = await hold(proxy.port, size);
  const kib = rssKib(proxy) - empty;
  await holding.release();
  process.kill(proxy.pid, 'SIGKILL');
  return kib;
}

/** ms of CPU a second of the console that reads so many pages every 5 s. */
async function collected(nodes: number): Promise<number> {
  const served = await pages(nodes);
  const running = await collector(dir, membersOf(nodes, served.port), TICK_MS);
  await wait(TICK_MS + 2000);
  const seconds = values.quick ? 5 : 15;
  const cpu = process.cpuUsage();
  await wait(seconds * 1000);
  const { user, system } = process.cpuUsage(cpu);
  await running.stop();
  served.stop();
  return (user + system) / 1000 / seconds;
}

/** s of CPU of a whole rollout; the first one warms the code up. */
async function rolledOut(sizes: readonly number[]): Promise<number[]> {
  const record = path.join(dir, 'rollouts.jsonl');
  const env = { ...process.env, HEADROOM_BENCH_RECORD: record, HEADROOM_BENCH_KEEP: '1' };
  const nodes = [sizes[0], ...sizes].join(',');
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'rollout.ts'), '--nodes', nodes, '--write'], { env, stdio: 'ignore' });
  const { table } = z.object({ table: z.array(z.array(z.string())) }).parse(JSON.parse(fs.readFileSync(record, 'utf8')));
  return table.slice(2).map(([, steps, perStep]) => ((numberIn(steps) ?? 0) * (numberIn(perStep) ?? 0)) / 1000);
}

/** ms of CPU of one answer of six series of so many points. */
async function asked(sizes: readonly number[]): Promise<number[]> {
  const now = Date.now();
  const store = await openMetricStore({ file: path.join(dir, 'points.db') });
  const most = Math.max(...sizes);
  for (let tick = 0; tick < most; tick += 1) store.append('n_1', sampleOf(1, now - (most - tick + 2) * TICK_MS, tick));
  await store.flush();
  const keys = ['openFds', 'fdLimit', 'connectionsActive', 'poolActive', 'acceptedTotal', 'rssBytes'] as const;
  const costs = await oneByOne(sizes, (points) => cpuOf(60, () => store.columns('n_1', now - points * TICK_MS, now, keys)));
  await store.close();
  return costs;
}

/** ms of CPU of one judgement of so many samples. */
const judged = (size: number) => {
  const now = Date.now();
  const samples = Array.from({ length: size }, (_, i) => sampleOf(1, now - (size - i) * TICK_MS, i));
  return cpuOf(200, () => assessLeak({ now, samples }));
};

const SCALES: readonly Scale[] = [
  { name: 'connections held', base: 500, unit: 'KiB of the proxy', measure: (sizes) => oneByOne(sizes, held) },
  { name: 'nodes collected', base: 125, unit: 'ms of CPU a second', measure: (sizes) => oneByOne(sizes, collected) },
  { name: 'targets of a run', base: values.quick ? 20 : 50, unit: 's of CPU a rollout', measure: rolledOut },
  { name: 'points of a query', base: 2160, unit: 'ms of CPU an answer', measure: asked },
  {
    ...{ name: 'inputs of the judgement', base: 180, unit: 'ms of CPU a judgement' },
    measure: async (sizes) => {
      // compiled before the first is timed
      await judged(sizes.at(-1) ?? 1);
      return oneByOne(sizes, judged);
    },
  },
];

await startBackends();
const curves: Curve[] = [];
const table: string[][] = [['what', 'of', ...TIMES.map((times) => `× ${times}`), 'exponent']];
for (const { name, base, unit, measure } of SCALES.filter((one) => one.name.includes(values.only))) {
  const costs = await measure(TIMES.map((times) => times * base));
  const points = TIMES.map((times, i) => [times, costs[i] ?? 0] as const);
  const exponent = exponentOf(points);
  curves.push({ name, exponent, points });
  table.push([name, `${unit}, × 1 is ${base}`, ...costs.map((cost) => cost.toPrecision(3)), exponent.toFixed(2)]);
  process.stdout.write(`${table.at(-1)?.join(' | ')}\n`);
}
if (values.only === '') {
  writeSection(
    'scaling',
    'How cost grows with size',
    'node test/bench/scaling.ts',
    table,
    'Least squares of the logarithms: 1 is as much more as there is more of it, less than 1 is cheaper in bulk.\n\n![How cost grows with size, a small plot for each](pictures/bench-scaling.svg)',
  );
  if (process.env.HEADROOM_BENCH_KEEP !== '1')
    fs.writeFileSync(path.resolve(import.meta.dirname, '../../docs/pictures/bench-scaling.svg'), scalingChart(curves));
}
process.exit(0);
