// The proxy beside those that do the same work: Debian's HAProxy, nginx' stream module and sniproxy, each on one core, the load on the other, by turns:
// `node test/bench/proxy-beside.ts [--rounds 5] [--secs 1]`. CPU time, not wall time; every byte checked. A peer that is not installed is left out.
import { spawn } from 'node:child_process';
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
  startBackends,
  startHaproxy,
  startNginx,
  startOurs,
  startSniproxy,
} from './proxy-peers.ts';
import { writeSection } from './section.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, secs: { type: 'string', default: '1' } } });
const [rounds, secs] = [Number(values.rounds), Number(values.secs)];
const [FEW, MANY] = [1000, 6000];
const RELOADS = 10;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'proxy-beside-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;

await startBackends();
const ours = await startOurs(dir, 18_040);
const peers = [await startHaproxy(dir, 18_041), await startNginx(dir, 18_042), await startSniproxy(dir, 18_043)].filter(
  (one) => one !== null,
);
const all = [ours, ...peers];

type Row = 'µs per connection' | 's per GB down' | 's per GB up' | 'p99 first byte, ms';
const ROWS: [Row, digits: number][] = [
  ['µs per connection', 1],
  ['s per GB down', 3],
  ['s per GB up', 3],
  ['p99 first byte, ms', 2],
];
const found = new Map<Peer, Map<Row, number[]>>(all.map((peer) => [peer, new Map(ROWS.map(([row]) => [row, []]))]));
const wrong = new Map<Peer, number>(all.map((peer) => [peer, 0]));

function timed(peer: Peer, ...args: (string | number)[]) {
  const before = cpuSeconds(peer);
  const said = run(...args);
  wrong.set(peer, (wrong.get(peer) ?? 0) + said.wrong);
  return { ...said, cpu: cpuSeconds(peer) - before };
}

function turn(peer: Peer, counts: boolean): void {
  const connections = timed(peer, 'client', peer.port, NAMES.small, 64, secs, BYTES.small);
  const down = timed(peer, 'client', peer.port, NAMES.bulk, 8, secs, BYTES.bulk);
  const up = timed(peer, 'upload', peer.port, NAMES.sink, 8, secs, BYTES.sink);
  const light = timed(peer, 'client', peer.port, NAMES.small, 2, secs, BYTES.small);
  if (!counts) return;
  const keep = (row: Row, value: number) => found.get(peer)?.get(row)?.push(value);
  keep('µs per connection', (connections.cpu / connections.done) * 1e6);
  keep('s per GB down', down.cpu / down.gigabytes);
  keep('s per GB up', up.cpu / up.gigabytes);
  keep('p99 first byte, ms', light.p99Ms);
}

async function memory(peer: Peer): Promise<number> {
  const rss: number[] = [];
  for (const connections of [FEW, MANY]) {
    const holding = await hold(peer.port, connections);
    rss.push(rssKib(peer));
    await holding.release();
  }
  return ((rss[1] ?? 0) - (rss[0] ?? 0)) / (MANY - FEW);
}

/** SIGHUP again and again while clients come and go; HAProxy takes one only in its master-worker mode, which is another program than the one measured. */
function reloaded(peer: Peer): string {
  if (peer.name === 'HAProxy') return '–';
  spawn('/bin/sh', ['-c', `for i in $(seq ${RELOADS}); do sleep 0.2; kill -HUP ${peer.pid}; done`], { stdio: 'ignore' });
  return String(run('client', peer.port, NAMES.small, 16, 3, BYTES.small).wrong);
}

// before anything else, while no memory is free in them that an earlier load has left
const held: string[] = [];
for (const peer of all) held.push((await memory(peer)).toFixed(1));
for (let at = 0; at <= rounds; at += 1) {
  for (const peer of all) turn(peer, at > 0);
  process.stdout.write(`round ${at} of ${rounds}\n`);
}
const table: string[][] = [['', ...all.map(({ name }) => name)]];
for (const [row, digits] of ROWS) table.push([row, ...all.map((peer) => median(found.get(peer)?.get(row) ?? []).toFixed(digits))]);
table.push([`KiB per held tunnel, ${FEW} to ${MANY}`, ...held]);
table.push(['wrong bytes or failed connections', ...all.map((peer) => String(wrong.get(peer)))]);
table.push([`connections that failed over ${RELOADS} reloads under load`, ...all.map(reloaded)]);
for (const row of table) process.stdout.write(`${row.join(' | ')}\n`);
writeSection(
  'proxy-beside',
  'The proxy beside HAProxy, nginx and sniproxy',
  `node test/bench/proxy-beside.ts --rounds ${rounds} --secs ${secs}`,
  table,
  `Each of Debian's, one process that does the work, on one core; the load and its backends on the other; medians of ${rounds} alternating rounds. The others are C and copy in the kernel; ours is JavaScript.`,
);
process.exit(0);
