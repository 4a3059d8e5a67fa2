// What QUIC passthrough costs: CPU per gigabyte and per datagram of the proxy, and how fast a transfer is with and without it.
//   node test/bench/quic.ts [--rounds 5] [--megabytes 200] [--write]
// Real parts: ngtcp2's client and server of Debian. The peer that is measured beside it is nginx's stream module, which passes UDP on by
// address alone, when it is there. Each file's bytes are compared.
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { writeSection } from './section.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    megabytes: { type: 'string', default: '200' },
    write: { type: 'boolean', default: false },
  },
});
const rounds = Math.min(25, Number(values.rounds));
const bytes = Math.min(2000, Number(values.megabytes)) * 1_000_000;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-quic-'));
const root = path.join(dir, 'www');
const ends: (() => void)[] = [];
process.on('exit', () => {
  for (const end of ends.reverse()) end();
  fs.rmSync(dir, { recursive: true, force: true });
});

const TICKS = Number(execFileSync('/usr/bin/getconf', ['CLK_TCK'], { encoding: 'latin1' }));
/** CPU seconds that a process has used, and those of them that the kernel took for it. */
const cpuOf = (pid: number): { all: number; system: number } => {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  const [user, system] = [Number(fields[11]) / TICKS, Number(fields[12]) / TICKS];
  return { all: user + system, system };
};
const since = (pid: number, before: { all: number; system: number }) => {
  const now = cpuOf(pid);
  return { cpu: now.all - before.all, system: now.system - before.system };
};
const median = (all: readonly number[]): number => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
const sum = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

function start(command: string, args: string[]): number {
  const child = spawn(command, args, { stdio: 'ignore' });
  ends.push(() => child.kill('SIGKILL'));
  return child.pid ?? 0;
}

const listens = (port: number): boolean =>
  fs.readFileSync('/proc/net/udp', 'latin1').includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} `);

/** The worker of a master, which does the work. */
const childOf = (pid: number): number => Number(fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ')[0]) || pid;

async function fetchAll(port: number): Promise<number> {
  const target = path.join(dir, 'big.bin');
  fs.rmSync(target, { force: true });
  const from = performance.now();
  const args = ['-q', '--exit-on-all-streams-close', `--download=${dir}`, '--max-window=64M', '--max-stream-window=64M'];
  const child = spawn('/usr/bin/gtlsclient', [...args, '127.0.0.1', String(port), 'https://localhost/big.bin'], { stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
  const seconds = (performance.now() - from) / 1000;
  if (sum(target) !== wanted) throw new Error(`what came by port ${port} is not what was sent`);
  return seconds;
}

fs.mkdirSync(root);
const big = Buffer.alloc(bytes);
randomFillSync(big.subarray(0, 1_000_000));
for (let at = 1_000_000; at < bytes; at += 1_000_000) big.copy(big, at, 0, Math.min(1_000_000, bytes - at));
fs.writeFileSync(path.join(root, 'big.bin'), big);
const wanted = sum(path.join(root, 'big.bin'));
const [key, cert] = [path.join(dir, 'key.pem'), path.join(dir, 'cert.pem')];
const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost', '-days', '2'];
execFileSync('/usr/bin/openssl', [...made, '-keyout', key, '-out', cert], { stdio: 'ignore' });

const [server, proxyPort, nginxPort, admin] = [await freePort(), await freePort(), await freePort(), await freePort()];
start('/usr/sbin/gtlsserver', ['-q', '-d', root, '127.0.0.1', String(server), key, cert]);
const config = path.join(dir, 'config.yaml');
fs.writeFileSync(
  config,
  `listen_addrs: ["127.0.0.1:0"]
udp_listen_addrs: ["127.0.0.1:${proxyPort}"]
metrics: { enabled: true, address: "127.0.0.1:${admin}" }
routes: [{ match: localhost, backends: ["127.0.0.1:${server}"] }]
`,
);
const proxy = start(process.execPath, [path.resolve(import.meta.dirname, '../../proxy-core/src/cli.ts'), '-c', config]);
const hasNginx = fs.existsSync('/usr/sbin/nginx') && fs.existsSync('/usr/lib/nginx/modules/ngx_stream_module.so');
let nginx = 0;
if (hasNginx) {
  const file = path.join(dir, 'nginx.conf');
  const stream = `server { listen 127.0.0.1:${nginxPort} udp; proxy_pass 127.0.0.1:${server}; }`;
  fs.writeFileSync(
    file,
    `load_module /usr/lib/nginx/modules/ngx_stream_module.so;\ndaemon off;\nworker_processes 1;\npid ${dir}/nginx.pid;\nerror_log ${dir}/nginx.log;\nevents {}\nstream { ${stream} }\n`,
  );
  nginx = start('/usr/sbin/nginx', ['-c', file]);
}
for (const port of [server, proxyPort, ...(hasNginx ? [nginxPort] : [])])
  await until(`port ${port} is listened on`, () => listens(port), { timeoutMs: 20_000 });

async function datagrams(): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  return [...page.matchAll(/^sniproxy_quic_datagrams_total\{direction="[tr]x"\} (\d+)$/gm)].reduce(
    (total, [, count]) => total + Number(count),
    0,
  );
}

type Round = { seconds: number; cpu: number; system: number; datagrams: number };
const found: Record<'direct' | 'headroom' | 'nginx', Round[]> = { direct: [], headroom: [], nginx: [] };
for (let round = 0; round < rounds + 1; round += 1) {
  const direct = await fetchAll(server);
  const before = [cpuOf(proxy), await datagrams()] as const;
  const through = await fetchAll(proxyPort);
  const own = { ...since(proxy, before[0]), datagrams: (await datagrams()) - before[1] };
  const worker = hasNginx ? childOf(nginx) : 0;
  const nginxBefore = hasNginx ? cpuOf(worker) : { all: 0, system: 0 };
  const beside = hasNginx ? await fetchAll(nginxPort) : 0;
  // The first round warms everything up.
  if (round === 0) continue;
  found.direct.push({ seconds: direct, cpu: 0, system: 0, datagrams: 0 });
  found.headroom.push({ seconds: through, ...own });
  if (hasNginx) found.nginx.push({ seconds: beside, ...since(worker, nginxBefore), datagrams: own.datagrams });
}

const of = (all: readonly Round[], read: (one: Round) => number, digits: number, unit: string) =>
  all.length === 0 || !Number.isFinite(median(all.map(read))) ? '–' : `${median(all.map(read)).toFixed(digits)} ${unit}`;
const row = (name: string, all: readonly Round[], counted: boolean) => [
  name,
  of(all, ({ seconds }) => bytes / 1e6 / seconds, 0, 'MB/s'),
  counted ? of(all, ({ cpu }) => cpu / (bytes / 1e9), 2, 's') : '–',
  counted ? of(all, (one) => (one.cpu / one.datagrams) * 1e6, 1, 'µs') : '–',
  counted ? of(all, (one) => (100 * one.system) / one.cpu, 0, '%') : '–',
  counted ? of(all, (one) => one.datagrams / one.seconds, 0, '') : '–',
];
const table = [
  ['way', 'transfer', 'CPU of the proxy per GB', 'CPU per datagram', 'of it in the kernel', 'datagrams per s'],
  row('direct', found.direct, false),
  row('through the proxy, by name and connection id', found.headroom, true),
  ...(hasNginx ? [row('through nginx stream, by address alone', found.nginx, true)] : []),
];
console.table(table);
if (values.write)
  writeSection(
    'quic',
    'QUIC passthrough',
    `node test/bench/quic.ts --rounds ${rounds} --megabytes ${values.megabytes}`,
    table,
    `Medians of ${rounds} rounds; one connection fetches ${values.megabytes} MB from ngtcp2's server with ngtcp2's client, which share the two cores with what is between them. nginx's datagrams are taken to be as many as the proxy's. What is not the kernel's is Node's: it takes 64 KiB of memory for each datagram that it reads and has no recvmmsg, sendmmsg or segmentation offload; a profile of the proxy's own lines adds up to a tenth.`,
  );
process.exit(0);
