import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { BYTES, cpuSeconds, NAMES, type Peer, run, startBackends, startHaproxy, startOurs } from './proxy-peers.ts';
import { writeSection } from './section.ts';

// What was tried for the proxy's speed, and what each thing bought: `node test/bench/proxy-tried.ts --rounds 5 --secs 1` measures what can be
// switched; what is built in is noted with the profile that showed it.

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, secs: { type: 'string', default: '1' }, dry: { type: 'boolean', default: false } },
});
const [rounds, secs] = [Number(values.rounds), Number(values.secs)];
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'proxy-tried-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;

await startBackends();
const haproxy = await startHaproxy(dir, 18_030);
const variants: [what: string, peer: Peer][] = [
  ['as it is', await startOurs(dir, 18_031)],
  [
    'on streams (`net.Socket`, one write callback each), all else the same',
    await startOurs(dir, 18_032, { node: ['--import', 'data:text/javascript,process.binding=undefined'] }),
  ],
  ['without io_uring in libuv (`UV_USE_IO_URING=0`)', await startOurs(dir, 18_033, { env: { UV_USE_IO_URING: '0' } })],
  ['with a young generation of 64 MiB instead of 16', await startOurs(dir, 18_034, { node: ['--max-semi-space-size=64'] })],
  ['with the access log, into a file', await startOurs(dir, 18_035, { access: true })],
];
const peers = [...(haproxy === null ? [] : [['HAProxy', haproxy] as [string, Peer]]), ...variants];
const taken = new Map<string, { connection: number[]; down: number[]; up: number[] }>();
for (let at = 0; at <= rounds; at += 1)
  for (const [what, peer] of peers) {
    const timed = (...args: (string | number)[]) => {
      const before = cpuSeconds(peer);
      const said = run(...args);
      if (said.wrong > 0 || said.done === 0) throw new Error(`${what}: ${said.wrong} wrong, ${said.done} right of ${args.join(' ')}`);
      return { ...said, cpu: cpuSeconds(peer) - before };
    };
    const small = timed('client', peer.port, NAMES.small, 64, secs, BYTES.small);
    const down = timed('client', peer.port, NAMES.bulk, 8, secs, BYTES.bulk);
    const up = timed('upload', peer.port, NAMES.sink, 8, secs, BYTES.sink);
    const all = taken.get(what) ?? { connection: [], down: [], up: [] };
    taken.set(what, all);
    if (at === 0) continue;
    all.connection.push((small.cpu / small.done) * 1e6);
    all.down.push(down.cpu / down.gigabytes);
    all.up.push(up.cpu / up.gigabytes);
  }

const measured = [...taken].map(([what, { connection, down, up }]) => [
  what,
  `${median(connection).toFixed(0)} µs`,
  `${median(down).toFixed(2)} s`,
  `${median(up).toFixed(2)} s`,
]);
/** From profiles (`--cpu-prof`, µs of JavaScript per connection at 64 at a time) before and after. */
const BUILT_IN = [
  ['prom-client histograms replaced by own counts: three observations', '−3.6 µs, by profile', '', ''],
  ['candidates of routes with fixed addresses made once', '−3 µs, by profile', '', ''],
  ['access line: no object spread, one time stamp a millisecond', '−0.8 µs, by a loop of 200,000', '', ''],
  ['keepalive and nodelay inherited from the listener; keepalive of backends only after 30 s', '−13 system calls', '', ''],
  [
    'second end of file closes, without a shutdown; descriptors close within the call, without a callback',
    '−1 system call, −2 callbacks',
    '',
    '',
  ],
  [
    'one shared 16 KiB buffer to read into, copied out; 256 KiB of its own for who fills it',
    'no buffer per quiet tunnel',
    'halves it',
    'halves it',
  ],
  [
    '512 KiB instead of 256 for that one; 64 and 128 cost a third more, 1 and 2 MiB save a further tenth at most, and so much more memory',
    '',
    '0.52 → 0.49 s beside HAProxy’s 0.96',
    '0.52 → 0.42 s beside HAProxy’s 0.82, seven turns each at load 6',
  ],
  [
    'reads asked for together with the connect: libuv gives epoll a socket once, not twice',
    'io_uring_enter 3.0 → 2.0 of some 23 system calls',
    '',
    '',
  ],
  [
    'candidates, names and addresses judged without closures and lists',
    'garbage 6.5 → 5.8 KiB a connection, so a tenth fewer collections',
    '',
    '',
  ],
  [
    'for the p99 of the first byte, not taken: a young generation of 32 or 64 MiB',
    '1.0 to 1.5 × HAProxy’s where it is 1.3 to 1.8, but its p99.9 up by a third or more, and 48 MiB and more of memory',
    '',
    '',
  ],
  [
    'for the p99, not taken: `--single-threaded-gc`, `--no-parallel-scavenge`, `--no-minor-gc-task`, `UV_USE_IO_URING=0`',
    'no difference beyond what turns differ by; a collection takes 0.3 ms, five times a second at 5,400 connections a second',
    '',
    '',
  ],
  [
    'open connections in a list instead of a Set: after a full collection, an old table of a Set leads to all later ones, so what is over survives',
    'a young collection 2.1 → 0.3 ms, a full one every 1.2 s → none (at some 7,000 connections a second)',
    '',
    '',
  ],
  [
    'the young generation may grow back to 16 MiB; after an idle time V8 shrinks it to 2, and growing was forbidden',
    'collections a tenth as often; both changes together, once a full collection has met traffic: ms of collecting for 10,000 connections 154 → 5 at 64 at a time, 136 → 2 at two',
    '',
    '',
  ],
  [
    'both together, beside each other and HAProxy at load 27 to 45, all at real-time priority, after such a collection, two processes each',
    'p99 of the first byte 3.3 → 1.3 and 1.6 × HAProxy’s, p99.9 4.0 and 3.8 → 1.6 and 1.9 ×, CPU per connection 1.55 and 1.45 → 1.27 and 1.35 ×',
    '',
    '',
  ],
  [
    'for the p99, not taken: the wheel’s timer kept from one client to the next; `--single-threaded` and `--single-threaded-gc` again',
    'no difference that one could see; 1.8 to 2.1 × HAProxy’s where it was 1.3 to 1.5',
    '',
    '',
  ],
  [
    'after some seconds of large transfers, too, V8 shrinks the young generation, and too little survives of connections for it to grow again: survivors are made with the first traffic',
    'collections in 3 × 1 s of light load between 3 × 3 s of bulk 205 → 59, p99 of the first byte 1.42 → 1.20 × HAProxy’s, p99.9 2.2 → 0.9 ms; all at real-time priority, on a machine at load 70',
    '',
    '',
  ],
  [
    'two workers beside one after that, at load 40: nothing left that is cheap (accept4 1.00, epoll_pwait 1.01 a connection with both)',
    'CPU per connection 1.08 ×, median of nine pairs',
    '',
    '',
  ],
  ['what is left: connect 35, write 22, close 20 µs in the kernel; JavaScript ≈ 13, parsing the hello 4 of it', 'by profile', '', ''],
];
const table = [['', 'CPU per connection', 'per GB down', 'per GB up'], ...measured, ...BUILT_IN];
for (const row of table) process.stdout.write(`${row.join(' | ')}\n`);
if (!values.dry)
  writeSection(
    'proxy-tried',
    'What was tried for the proxy, and what it bought',
    `node test/bench/proxy-tried.ts --rounds ${rounds} --secs ${secs}`,
    table,
  );
process.exit(0);
