// Collecting beside VictoriaMetrics (with its own scraper): both read the same pages every 5 s at the same time, and keep them.
// `node test/bench/collect-peers.ts [nodes] [seconds]`. Prometheus is in collect.ts.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort, programs } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';
import { TICK_MS } from './collect-load.ts';
import { collector, hostOf, membersOf, pages, usageOf } from './collect-rig.ts';
import { writeSection } from './section.ts';

const [nodes, seconds] = [Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 45)];
const program = programs.victoriaMetrics();
if (program === null) {
  process.stderr.write('victoria-metrics is not installed: apt-get install victoria-metrics\n');
  process.exit(1);
}
const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'collect-peers-'));
const served = await pages(nodes);
const targets = Array.from({ length: nodes }, (_, i) => `"${hostOf(i, served.port)}"`).join(', ');
const config = path.join(dir, 'scrape.yml');
fs.writeFileSync(config, `scrape_configs: [{ job_name: sniproxy, scrape_interval: 5s, static_configs: [{ targets: [${targets}] }] }]\n`);
const port = await freePort();
const peer = spawn(
  program,
  [`-storageDataPath=${path.join(dir, 'data')}`, `-httpListenAddr=127.0.0.1:${port}`, `-promscrape.config=${config}`, '-retentionPeriod=1'],
  { stdio: 'ignore', env: { ...process.env, GOMAXPROCS: '2' } },
);
const ended = new Promise((resolve) => peer.once('exit', resolve));
process.on('exit', () => peer.kill('SIGKILL'));
await until('VictoriaMetrics answers', async () => (await fetch(`http://127.0.0.1:${port}/health`)).ok, { timeoutMs: 30_000 });
const running = await collector(dir, membersOf(nodes, served.port), TICK_MS);
await wait(12_000);
const stored = async () => {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^vm_promscrape_scrapes_total\{status_code="200"\} (\d+)/m.exec(page)?.[1] ?? 0);
};
const before = { ours: process.cpuUsage(), theirs: usageOf(peer.pid ?? 0).cpuMs, scrapes: running.scrapes(), stored: await stored() };
await wait(seconds * 1000);
const { user, system } = process.cpuUsage(before.ours);
const [after, scrapes, theirScrapes] = [usageOf(peer.pid ?? 0), running.scrapes() - before.scrapes, (await stored()) - before.stored];
const rss = process.memoryUsage.rss();
await running.stop();
served.stop();
peer.kill('SIGTERM');
await ended;
fs.rmSync(dir, { recursive: true, force: true });
const row = (name: string, count: number, cpuMs: number, bytes: number) => [
  ...[name, String(count), `${(cpuMs / count).toFixed(3)} ms`, `${(bytes / 1e6).toFixed(0)} MB`],
];
const table = [
  ['', 'scrapes', 'CPU per scrape', 'memory (RSS)'],
  row('Headroom', scrapes, (user + system) / 1000, rss),
  row('VictoriaMetrics', theirScrapes, after.cpuMs - before.theirs, after.rss),
];
for (const cells of table) process.stdout.write(`${cells.join(' | ')}\n`);
writeSection(
  'collect-peers',
  'Collecting beside VictoriaMetrics',
  `node test/bench/collect-peers.ts ${nodes} ${seconds}`,
  table,
  `${nodes} pages of 61 lines, read by both every 5 s for ${seconds} s, each into its own store. VictoriaMetrics keeps every line; Headroom keeps what it judges by, and asks /ready too.`,
);
process.exit(scrapes > 0 && theirScrapes > 0 ? 0 : 1);
