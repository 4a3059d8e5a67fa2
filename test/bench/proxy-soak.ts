import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { until } from '#test/support/until.ts';
import { BYTES, cpuSeconds, NAMES, openFds, rssKib, run, startBackends, startOurs } from './proxy-peers.ts';
import { writeSection } from './section.ts';

// A million connections through one proxy, in two halves: descriptors come back exactly to the baseline, memory does not grow. By hand, about
// ten minutes: `node test/bench/proxy-soak.ts`. --half 500000 --dry (write nothing)

const { values } = parseArgs({ options: { half: { type: 'string', default: '500000' }, dry: { type: 'boolean', default: false } } });
const half = Number(values.half);
/** One load process makes so many; several, so that none grows old. */
const PORTION = 50_000;
const AT_ONCE = 64;
/** Then the garbage of the last connections is collected. */
const REST_MS = 3000;

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'proxy-soak-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

await startBackends();
const proxy = await startOurs(dir, 18_020, { access: true });
await wait(1000);
const baseline = openFds(proxy);
const startedAt = performance.now();

async function connections(count: number): Promise<{ fds: number; mib: number }> {
  let wrong = 0;
  for (let done = 0; done < count; done += PORTION) {
    const said = run('count', proxy.port, NAMES.small, AT_ONCE, Math.min(PORTION, count - done), BYTES.small);
    wrong += said.wrong;
    process.stdout.write(`${done + said.done} of ${count}: ${openFds(proxy)} descriptors, ${Math.round(rssKib(proxy) / 1024)} MiB\n`);
  }
  if (wrong > 0) throw new Error(`${wrong} connections went wrong`);
  await until('the descriptors are back', () => openFds(proxy) === baseline, { timeoutMs: 10_000 });
  await wait(REST_MS);
  return { fds: openFds(proxy), mib: rssKib(proxy) / 1024 };
}

const first = await connections(half);
const second = await connections(half);
const seconds = (performance.now() - startedAt) / 1000;
const table = [
  ['', 'measured', 'target'],
  ['connections, each of them right', String(2 * half), ''],
  ['descriptors: at start, after the first half, after the second', `${baseline}, ${first.fds}, ${second.fds}`, 'the same'],
  ['MiB RSS after the first half, after the second', `${first.mib.toFixed(1)}, ${second.mib.toFixed(1)}`, ''],
  ['memory after the second : after the first', (second.mib / first.mib).toFixed(3), '≤ 1.02'],
  ['seconds, and CPU µs of the proxy per connection', `${seconds.toFixed(0)}, ${((cpuSeconds(proxy) / (2 * half)) * 1e6).toFixed(0)}`, ''],
];
for (const row of table) process.stdout.write(`${row.join(' | ')}\n`);
if (!values.dry)
  writeSection(
    'proxy-soak',
    'Many connections through the proxy',
    `node test/bench/proxy-soak.ts --half ${half}`,
    table,
    'ClientHello, 1 KiB back, end of both sides; 64 at a time, access log on.',
  );
process.exit(0);
