import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  BYTES,
  cpuSeconds,
  hold,
  NAMES,
  type Peer,
  rssKib,
  run,
  type Said,
  startBackends,
  startHaproxy,
  startOurs,
} from './proxy-peers.ts';
import { writeSection } from './section.ts';

// The proxy beside Debian's HAProxy on one machine (apt-get install haproxy): `node test/bench/proxy.ts` prints the figures and writes them into
// docs/benchmarks.md. CPU time of the proxy, not wall time, since others may use the machine; medians of alternating rounds, every byte checked.
//   --rounds 9 --secs 1 --held 1000,4000,8000 --dry (write nothing) --only conn,bulk,light,held,workers

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    secs: { type: 'string', default: '1' },
    held: { type: 'string', default: '1000,4000,8000' },
    only: { type: 'string', default: 'conn,bulk,light,held,workers' },
    dry: { type: 'boolean', default: false },
  },
});
const [rounds, secs] = [Number(values.rounds), Number(values.secs)];
const held = values.held.split(',').map(Number);
const wants = (part: string) => values.only.split(',').includes(part);

const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'proxy-bench-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

type Figure = 'µs per connection' | 's per GB down' | 's per GB up' | 'p99 first byte, ms';
const measured = new Map<string, Map<Figure, number[]>>();
let wrong = 0;
function note(proxy: Peer, figure: Figure, value: number): void {
  const of = measured.get(proxy.name) ?? new Map<Figure, number[]>();
  measured.set(proxy.name, of.set(figure, [...(of.get(figure) ?? []), value]));
}
function timed(proxy: Peer, ...args: (string | number)[]): Said & { cpu: number } {
  const before = cpuSeconds(proxy);
  const said = run(...args);
  wrong += said.wrong;
  if (said.done === 0) throw new Error(`${proxy.name}: nothing was right of ${args.join(' ')}`);
  return { ...said, cpu: cpuSeconds(proxy) - before };
}

function round(proxy: Peer, counts: boolean): void {
  const keep = (figure: Figure, value: number) => counts && note(proxy, figure, value);
  if (wants('conn')) {
    const { cpu, done } = timed(proxy, 'client', proxy.port, NAMES.small, 64, secs, BYTES.small);
    keep('µs per connection', (cpu / done) * 1e6);
  }
  if (wants('bulk')) {
    const down = timed(proxy, 'client', proxy.port, NAMES.bulk, 8, secs, BYTES.bulk);
    keep('s per GB down', down.cpu / down.gigabytes);
    const up = timed(proxy, 'upload', proxy.port, NAMES.sink, 8, secs, BYTES.sink);
    keep('s per GB up', up.cpu / up.gigabytes);
  }
  if (wants('light')) keep('p99 first byte, ms', timed(proxy, 'client', proxy.port, NAMES.small, 2, 1, BYTES.small).p99Ms);
}

async function memory(proxy: Peer): Promise<number[]> {
  const all: number[] = [];
  for (const connections of held) {
    const holding = await hold(proxy.port, connections);
    all.push(rssKib(proxy));
    await holding.release();
  }
  return all;
}

/**
 * One and two workers in short turns, so that what else the machine does meets both: ratios of neighbours, in order. Both on both cores; only the
 * proxy's own time counts.
 */
async function workersRatios(): Promise<{ one: number; two: number; ratios: number[] }> {
  const both = { cpu: '0,1' };
  const pair = [
    await startOurs(dir, 18_013, { ...both, name: 'workers: 1' }),
    await startOurs(dir, 18_014, { ...both, name: 'workers: 2', workers: 2 }),
  ] as const;
  const turn = (proxy: Peer) => {
    const { cpu, done } = timed(proxy, 'client', proxy.port, NAMES.small, 64, secs / 2, BYTES.small);
    return (cpu / done) * 1e6;
  };
  for (const proxy of pair) turn(proxy);
  const taken = Array.from({ length: 2 * rounds }, (_, at) => {
    // who is first in one pair is second in the next
    const [first, second] = at % 2 === 0 ? pair : [pair[1], pair[0]];
    const [a, b] = [turn(first), turn(second)];
    return at % 2 === 0 ? { one: a, two: b } : { one: b, two: a };
  });
  const ratios = taken.map(({ one, two }) => two / one).sort((a, b) => a - b);
  return { one: median(taken.map(({ one }) => one)), two: median(taken.map(({ two }) => two)), ratios };
}

await startBackends();
const haproxy = await startHaproxy(dir, 18_001);
const ours = await startOurs(dir, 18_010);
const proxies = [haproxy, ours].filter((proxy) => proxy !== null);
for (let at = 0; at <= rounds; at += 1) {
  for (const proxy of proxies) round(proxy, at > 0);
  process.stdout.write(`round ${at} of ${rounds}\n`);
}

const table: string[][] = [['', ...proxies.map(({ name }) => name), 'ours : HAProxy', 'target']];
const TARGETS: [Figure, string, number][] = [
  ['µs per connection', '≤ 2.0, goal 1.7', 1],
  ['s per GB down', '≤ 0.8', 3],
  ['s per GB up', '≤ 0.95', 3],
  ['p99 first byte, ms', '≤ 1.5', 2],
];
/** Of turns that stand beside each other: what else the machine does meets both. */
const ratioOf = (figure: Figure, beside: Peer) => {
  const [mine, theirs] = [ours, beside].map(({ name }) => measured.get(name)?.get(figure) ?? []);
  return median((mine ?? []).map((value, at) => value / (theirs?.[at] ?? Number.NaN)));
};
const of = (proxy: Peer, figure: Figure) => median(measured.get(proxy.name)?.get(figure) ?? []);
for (const [figure, target, digits] of TARGETS) {
  if (Number.isNaN(of(ours, figure))) continue;
  const ratio = haproxy === null ? '' : ratioOf(figure, haproxy).toFixed(2);
  table.push([figure, ...proxies.map((proxy) => of(proxy, figure).toFixed(digits)), ratio, target]);
}
if (wants('held')) {
  const rss = await Promise.all(proxies.map(async () => [] as number[]));
  for (const [i, proxy] of proxies.entries()) rss[i] = await memory(proxy);
  for (const [at, connections] of held.entries()) {
    if (at === 0) continue;
    const slopes = rss.map((all) => ((all[at] ?? 0) - (all[at - 1] ?? 0)) / (connections - (held[at - 1] ?? 0)));
    table.push([`KiB per held tunnel, ${held[at - 1]} to ${connections}`, ...slopes.map((kib) => kib.toFixed(1)), '', '≤ 12']);
  }
}
if (wants('workers')) {
  const { one, two, ratios } = await workersRatios();
  const cells = proxies.map((_, i) => (i === 1 ? `${one.toFixed(1)} and ${two.toFixed(1)}` : ''));
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => ratios[Math.floor(ratios.length * share)]?.toFixed(2));
  table.push(['µs per connection, `workers` 1 and 2', ...cells, `${middle} : 1 (half of them ${low} to ${high})`, '≤ 1.1']);
}
table.push(['wrong bytes or failed connections', ...proxies.map((_, i) => (i === 1 ? String(wrong) : '')), '', '0']);

for (const row of table) process.stdout.write(`${row.join(' | ')}\n`);
const beside = haproxy === null ? '' : ' beside HAProxy 2.6 of Debian 12 (one thread, splice-auto)';
if (!values.dry)
  writeSection(
    'proxy',
    'The proxy',
    `node test/bench/proxy.ts --rounds ${rounds} --secs ${secs}`,
    table,
    `CPU time of the proxy${beside}, each pinned to one core, the load and its backends to the other; medians of ${rounds} alternating rounds, and of the ratios of neighbours. A connection is a ClientHello of 517 bytes, 1 KiB back and the end of both sides, 64 at a time; bulk is 8 transfers of 64 MiB at a time.`,
  );
process.exit(0);
