import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { simulation } from '#test/support/simulated-console.ts';
import { writeSection } from './section.ts';

/**
 * What the run engine itself costs: one pool rollout over simulated nodes, whose answers take no time of ours, with the database in memory-backed
 * storage. CPU is of the whole process, the simulated nodes included, so the engine's share is smaller than what is printed. While it runs the page
 * of the run is read as a browser would, and the longest time for which the event loop was held is what every other request would have waited.
 */
const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '100,300,1000' }, write: { type: 'boolean', default: false } },
});
const READ_EVERY_TURNS = 25;

type Figures = { nodes: number; steps: number; startMs: number; cpuPerStep: number; readP95: number; bytes: number; loopP99: number };

async function rollOut(count: number): Promise<Figures> {
  const ends: (() => void)[] = [];
  const specs = Array.from({ length: count }, (_, i) => ({ name: `edge-${i + 1}`, leak: 'none' as const }));
  const world = simulation({ after: (end: unknown) => void (typeof end === 'function' && ends.push(() => end())) }, specs);
  try {
    const console = await world.openConsole();
    const delay = monitorEventLoopDelay({ resolution: 1 });
    const cpu = process.cpuUsage();
    const began = performance.now();
    const strategy = { gates: 'auto' as const, batches: [1, '10%', '100%'], maxParallel: 64 };
    const { id } = await console.start({ runbook: 'pool-settings', selector: '*', params: { max_per_host: 50 }, strategy });
    const startMs = performance.now() - began;
    delay.enable();
    const reads: number[] = [];
    let turn = 0;
    let [status, bytes] = ['running', 0];
    await world.time.runUntil(async () => {
      if (turn++ % READ_EVERY_TURNS !== 0) return false;
      const asked = performance.now();
      const text = JSON.stringify(await console.runs.get(id));
      reads.push(performance.now() - asked);
      bytes = text.length;
      status = JSON.parse(text).status;
      return status !== 'running';
    }, 24 * 3_600_000);
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    const run = await console.runs.get(id);
    if (run.status !== 'succeeded') throw new Error(`the rollout ended as ${run.status}: ${run.summary}`);
    const steps = run.targets.reduce((sum, t) => sum + t.marks.length, 0);
    const readP95 = reads.sort((a, b) => a - b)[Math.floor(reads.length * 0.95)] ?? 0;
    return {
      nodes: count,
      steps,
      startMs,
      cpuPerStep: (user + system) / 1000 / steps,
      readP95,
      bytes,
      loopP99: delay.percentile(99) / 1e6,
    };
  } finally {
    for (const end of ends) end();
  }
}

const results: Figures[] = [];
for (const count of values.nodes.split(',').map(Number)) results.push(await rollOut(count));
const ms = (value: number) => `${value.toFixed(1)} ms`;
const table = [
  ['Nodes', 'Steps', 'CPU per step, all in', 'Start of the run', 'Its page, p95', 'Its page, bytes', 'Event loop held, p99'],
  ...results.map((r) =>
    [r.nodes, r.steps, ms(r.cpuPerStep), ms(r.startMs), ms(r.readP95), r.bytes.toLocaleString('en'), ms(r.loopP99)].map(String),
  ),
];
for (const row of table) console.log(row.join('  |  '));
const note = 'Goal: 5 ms of engine per step, and a page in 100 ms while 1,000 nodes are rolled out; the same cost per step at every size.';
if (values.write) writeSection('rollout', 'One rollout over many nodes', 'node test/bench/rollout.ts --write', table, note);
process.exit(0);
