// The console's own process, over HTTP, for minutes: `node test/bench/http-soak.ts [--nodes 200] [--rounds 6] [--seconds 40]`. In each round the nodes, whose
// metrics pages are served on this machine, are registered, read once a second and removed again, while people with pages and event streams open look at them.
// After each round everybody has gone: descriptors must be those of the start; what a full collection leaves of memory, and the disk, may not go on growing.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { API_TOKEN, provisionedDir, startConsole } from '#test/support/console-process.ts';
import { until } from '#test/support/until.ts';
import { hostOf, pages, usageOf } from './collect-rig.ts';
import { heapOf } from './heap-of.ts';
import { writeSection } from './section.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '200' },
    rounds: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '40' },
    dry: { type: 'boolean', default: false },
  },
});
const [nodes, rounds, seconds] = [Number(values.nodes), Number(values.rounds), Number(values.seconds)];
if (!(nodes >= 1 && nodes <= 2000 && rounds >= 4 && rounds <= 20 && seconds >= 2 && seconds <= 600))
  throw new Error('--nodes 1 to 2000, --rounds 4 to 20, --seconds 2 to 600');
const PEOPLE = 20;
/** Of the last round, when what is made once has been made: the first rounds are the console getting warm. */
const MOST_MEMORY = 1.1;
const MOST_DISK = 1.25;
/** Of 1,000 requests. */
const MOST_LATE = 1;
/** A write-ahead log is this much longer or shorter, as it happens to be. */
const DISK_NOISE_MIB = 4;
/** Connections that nobody uses are closed by then: kept ones of the collector, idle ones of clients. */
const SETTLED_MS = 120_000;

const ends: (() => unknown)[] = [];
const life = { after: (end: () => unknown) => void ends.unshift(end) };
const dataDir = provisionedDir(life);
const targets = await pages(nodes);
life.after(targets.stop);
const served = await startConsole(life, {
  ...{ HEADROOM_DATA_DIR: dataDir, HEADROOM_SCRAPE_SECONDS: '1' },
  ...{ MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536', NODE_OPTIONS: '--inspect=127.0.0.1:0' },
});
const heap = await heapOf(served.output);
life.after(heap.close);
const pid = served.child.pid ?? 0;
const fds = () => fs.readdirSync(`/proc/${pid}/fd`).length;
const mib = (bytes: number) => bytes / 1_048_576;
const diskMib = () => {
  const files = fs.readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return mib(
    files.reduce((sum, file) => sum + (fs.statSync(path.join(file.parentPath, file.name), { throwIfNoEntry: false })?.size ?? 0), 0),
  );
};

let [asked, failed, late, told] = [0, 0, 0, 0];
async function ask(at: string, init: Parameters<typeof served.ask>[1] = {}): Promise<string> {
  asked += 1;
  const response = await served.ask(at, { signal: AbortSignal.timeout(30_000), ...init });
  const text = await response.text();
  // a machine that is busy with other work makes the console give up an answer after 9 s, in words
  if (response.status === 504) late += 1;
  else if (!response.ok) {
    failed += 1;
    process.stderr.write(`${init.method ?? 'GET'} ${at}: ${response.status} ${text.slice(0, 200)}\n`);
  }
  return text;
}

const createdSchema = z.object({ id: z.string(), version: z.number() });
async function register(i: number): Promise<z.infer<typeof createdSchema>> {
  const metrics = { via: 'http', url: `http://${hostOf(i, targets.port)}/metrics` };
  const json = { name: `edge-${i}`, host: '127.0.0.1', sshPort: 1, user: 'sre', metrics };
  return createdSchema.parse(JSON.parse(await ask('/api/v1/nodes', { json })));
}

/** A browser: its event stream, and what its page asks every second or two. */
async function browse(id: string, over: AbortSignal): Promise<void> {
  const agent = new http.Agent();
  const stream = http.get(`${served.url}/api/v1/events`, { agent, headers: { authorization: `Bearer ${API_TOKEN}` } }, (events) => {
    events.setEncoding('utf8').on('data', (text: string) => {
      told += text.split('"fleet.sample"').length - 1;
    });
    events.on('error', () => undefined);
  });
  stream.on('error', () => undefined);
  const routes = ['/api/v1/fleet', `/api/v1/nodes/${id}`, `/api/v1/nodes/${id}/metrics`, '/api/v1/runs', '/api/v1/incidents', '/login'];
  for (let n = 0; !over.aborted; n += 1) {
    await ask(routes[n % routes.length] ?? '');
    await wait(1000 + 1000 * Math.random(), undefined, { signal: over }).catch(() => undefined);
  }
  stream.destroy();
  agent.destroy();
}

const samples = async () => Number(/^headroom_samples_total (\d+)/m.exec(await ask('/metrics'))?.[1] ?? 0);

async function round(): Promise<number> {
  const members: z.infer<typeof createdSchema>[] = [];
  for (let i = 0; i < nodes; i += 1) members.push(await register(i));
  const before = await samples();
  const over = new AbortController();
  const people = Array.from({ length: PEOPLE }, (_, i) => browse(members[i % nodes]?.id ?? '', over.signal));
  await wait(seconds * 1000);
  over.abort();
  await Promise.all(people);
  const read = (await samples()) - before;
  for (const { id, version } of members) await ask(`/api/v1/nodes/${id}`, { method: 'DELETE', headers: { 'if-match': `"${version}"` } });
  return read;
}

type After = { fds: number; heap: number; rss: number; disk: number; read: number };
const each: After[] = [];
const began = performance.now();
try {
  await ask('/api/v1/fleet');
  const idle = await settled();
  for (let n = 0; n < rounds; n += 1) {
    const read = await round();
    await until('the descriptors come back', () => fds() <= idle, { timeoutMs: SETTLED_MS, everyMs: 500 }).catch(() => undefined);
    each.push({ fds: fds(), heap: mib(await heap.kept()), rss: mib(usageOf(pid).rss), disk: diskMib(), read });
    process.stdout.write(
      `round ${n + 1}: ${JSON.stringify(each.at(-1), (_, v) => (typeof v === 'number' ? Math.round(v * 10) / 10 : v))}\n`,
    );
  }
  report(idle);
} finally {
  for (const end of ends) await end();
}
process.exit(process.exitCode ?? 0);

/** Descriptors of a console that is left alone: the fewest of a few looks. */
async function settled(): Promise<number> {
  const looks: number[] = [];
  await until(
    'the console is at rest',
    () => {
      looks.push(fds());
      return looks.length > 5 && looks.slice(-5).every((look) => look === looks.at(-1));
    },
    { timeoutMs: 60_000, everyMs: 1000 },
  );
  return Math.min(...looks);
}

function report(idle: number): void {
  const [second, third, last] = [each[1], each[2], each.at(-1)];
  if (!second || !third || !last) throw new Error('no round ended');
  const memory = { heap: last.heap / third.heap, rss: last.rss / third.rss };
  const growth = (to: After, from: After) => Math.max(DISK_NOISE_MIB, to.disk - from.disk);
  const disk = growth(last, each.at(-2) ?? second) / growth(third, second);
  const table = [
    ['', 'measured', 'target'],
    ['nodes registered, read every second and removed; browsers beside', `${rounds} × ${nodes}, ${PEOPLE}`, ''],
    ['samples read, events told, requests answered', `${each.reduce((sum, { read }) => sum + read, 0)}, ${told}, ${asked}`, ''],
    ['requests that failed', `${failed}`, '0'],
    ['answers that were given up as too late (504), of 1,000', ((late * 1000) / asked).toFixed(2), `≤ ${MOST_LATE}`],
    ['descriptors at rest before, and after the last round', `${idle}, ${last.fds}`, 'the same'],
    ['MiB of heap and buffers after each round and a full collection', each.map((after) => after.heap.toFixed(1)).join(', '), ''],
    ['heap after the last round : after the third', memory.heap.toFixed(3), `≤ ${MOST_MEMORY}`],
    ['MiB RSS then', each.map(({ rss }) => rss.toFixed(0)).join(', '), ''],
    ['RSS after the last round : after the third', memory.rss.toFixed(3), `≤ ${MOST_MEMORY}`],
    ['MiB on disk after each round', each.map((after) => after.disk.toFixed(1)).join(', '), ''],
    ['growth on disk in the last round : in the third', disk.toFixed(2), `≤ ${MOST_DISK}`],
    ['seconds', ((performance.now() - began) / 1000).toFixed(0), ''],
  ];
  for (const row of table) process.stdout.write(`${row.join(' | ')}\n`);
  if (!values.dry)
    writeSection(
      'http-soak',
      'The console’s process over HTTP, again and again',
      `node test/bench/http-soak.ts --nodes ${nodes} --rounds ${rounds} --seconds ${seconds}`,
      table,
      `Each round registers every node, reads its page once a second for ${seconds} s and removes it, with ${PEOPLE} browsers (an event stream and a request every second or two each) beside; the pages are served by another process on the same machine. V8 gives memory back late or never, so each round ends with a collection that is asked for over the inspector.`,
    );
  const bad = [
    last.fds > idle && 'descriptors did not come back',
    Math.max(memory.heap, memory.rss) > MOST_MEMORY && 'memory grew',
    disk > MOST_DISK && 'the disk grows faster than before',
    failed > 0 && 'requests failed',
    (late * 1000) / asked > MOST_LATE && 'answers came too late',
    each.some(({ read }) => read < (nodes * seconds) / 2) && 'nodes were read too seldom',
  ].filter(Boolean);
  if (bad.length > 0) process.stderr.write(`${bad.join(', ')}\n`);
  process.exitCode = bad.length > 0 ? 1 : 0;
}
