// A week of many nodes in minutes: `node test/bench/console-soak.ts [--nodes 1000] [--days 7] [--step 300]`. The metrics store and the judgement
// go through every moment of the week on a clock of their own (a sample a node each `step` seconds), with retention as it runs in service. Descriptors and memory
// of the last day must be those of the third, when everything that is kept for two days is there, and the file must stop growing once retention takes as much as comes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { assessLeak } from '#server/detect/index.ts';
import { openMetricStore } from '#server/metrics/index.ts';
import { sampleOf } from './collect-load.ts';
import { writeSection } from './section.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    days: { type: 'string', default: '7' },
    step: { type: 'string', default: '300' },
    dry: { type: 'boolean', default: false },
  },
});
const [nodes, days, step] = [Number(values.nodes), Number(values.days), Number(values.step)];
if (!(nodes >= 1 && nodes <= 5000 && days >= 4 && days <= 60 && step >= 5 && step <= 600))
  throw new Error('--nodes 1 to 5000, --days 4 to 60, --step 5 to 600');
const [MOST_MEMORY, MOST_DISK] = [1.1, 1.15];
const PRUNE_MS = 3_600_000;
/** So many nodes are judged and asked for a day of theirs in each hour. */
const LOOKED_AT = Math.min(20, nodes);

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'console-soak-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
const start = Date.now() - days * 86_400_000;
let now = start;
const store = await openMetricStore({ file: path.join(dir, 'metrics.db'), now: () => now });
const fds = () => fs.readdirSync('/proc/self/fd').length;
const bytesOnDisk = () => fs.readdirSync(dir).reduce((sum, name) => sum + fs.statSync(path.join(dir, name)).size, 0);
const mib = (bytes: number) => bytes / 1_048_576;

type Day = { fds: number; heap: number; rss: number; disk: number };
const each: Day[] = [];
let [stored, verdicts] = [0, 0];
const began = performance.now();
for (let day = 0; day < days; day += 1) {
  for (let at = 0; at < 86_400; at += step) {
    now = start + (day * 86_400 + at) * 1000;
    const tick = Math.floor((now - start) / 5000);
    for (let node = 0; node < nodes; node += 1) store.append(`n_${node}`, sampleOf(node, now, tick));
    stored += nodes;
    await store.flush();
    if ((now - start) % PRUNE_MS !== 0) continue;
    await store.prune(now);
    for (let node = 0; node < LOOKED_AT; node += 1) {
      assessLeak({ now, samples: store.recent(`n_${node}`, now - 7_200_000) });
      await store.query(`n_${node}`, { fromMs: now - 86_400_000, toMs: now, stepSeconds: 60 });
      verdicts += 1;
    }
  }
  globalThis.gc?.();
  await wait(200);
  each.push({ fds: fds(), heap: mib(process.memoryUsage().heapUsed), rss: mib(process.memoryUsage.rss()), disk: mib(bytesOnDisk()) });
  process.stdout.write(`day ${day + 1}: ${JSON.stringify(each.at(-1), (_, v) => (typeof v === 'number' ? Math.round(v * 10) / 10 : v))}\n`);
}
const problem = store.problem();
await store.close();
const third = each[2] ?? { fds: 0, heap: 0, rss: 0, disk: 0 };
const last = each.at(-1) ?? third;
// raw samples are kept for 48 hours; minute and quarter-hour buckets go on growing over months, by design
const perDay = (last.disk - (each.at(-2)?.disk ?? 0)) / Math.max(1, (each[3]?.disk ?? last.disk) - (each[2]?.disk ?? 0));
const table = [
  ['', 'measured', 'target'],
  ['samples stored, nodes judged', `${stored}, ${verdicts}`, ''],
  ['descriptors after the third day, and at the end', `${third.fds}, ${last.fds}`, 'the same'],
  ['MiB of the heap after the third day, and at the end', `${third.heap.toFixed(1)}, ${last.heap.toFixed(1)}`, ''],
  ['MiB RSS after the third day, and at the end', `${third.rss.toFixed(0)}, ${last.rss.toFixed(0)}`, ''],
  ['memory at the end : after the third day', (last.rss / third.rss).toFixed(3), `≤ ${MOST_MEMORY}`],
  ['MiB on disk, day by day', each.map(({ disk }) => disk.toFixed(0)).join(', '), ''],
  ['growth of the file on the last day : on the fourth', perDay.toFixed(2), `≤ ${MOST_DISK}`],
  ['seconds', ((performance.now() - began) / 1000).toFixed(0), ''],
];
for (const row of table) process.stdout.write(`${row.join(' | ')}\n`);
if (!values.dry)
  writeSection(
    'console-soak',
    'A week of many nodes through the console’s store',
    `node --expose-gc test/bench/console-soak.ts --nodes ${nodes} --days ${days} --step ${step}`,
    table,
    'The store and the judgement alone, without HTTP, SSH and pages, on a clock of their own. Retention runs every hour of that week, twenty nodes are judged and asked for their day in each.',
  );
const bad = [
  last.fds !== third.fds && 'descriptors did not come back',
  last.rss / third.rss > MOST_MEMORY && 'memory grew',
  perDay > MOST_DISK && 'the file grows faster than before',
  problem,
].filter(Boolean);
if (bad.length > 0) process.stderr.write(`${bad.join(', ')}\n`);
process.exit(bad.length > 0 ? 1 : 0);
