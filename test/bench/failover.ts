// How long several processes on one PostgreSQL need to go on without one of them: `node test/bench/failover.ts [rounds]`.
// Real processes, the demo's nodes; writes its table into docs/benchmarks.md, and fails when something was done twice or not at all.
import { setTimeout as sleep } from 'node:timers/promises';
import { listenTo } from '#test/support/event-client.ts';
import type { ConsoleProcess } from '#test/support/processes.ts';
import { programs } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';
import { startWorld } from '../integration/postgres/world.ts';
import { writeSection } from './section.ts';

const ROUNDS = Number(process.argv[2] ?? 5);
const AWAY_MS = 60_000;
/** Longer than a worker may say nothing. */
const STANDSTILL_MS = 20_000;

const bin = programs.postgres() ?? fail('PostgreSQL is not installed');
const ends: (() => unknown)[] = [];
const world = await startWorld({ after: (end?: unknown) => void ends.unshift(end as () => unknown) }, bin, {
  nodes: 4,
  web: 2,
  workers: 2,
});
const measured = new Map<string, number[]>();
const wrong: string[] = [];

try {
  await world.up(world.web());
  for (let round = 0; round < ROUNDS; round++) {
    await killWorkerInRun(round % world.ids.length);
    await killWeb();
  }
  await stopWorkerInRun(0);
  await databaseAway(1);
} finally {
  for (const end of ends) await end();
}

const rows = [...measured].map(([what, times]) => {
  const sorted = [...times].sort((a, b) => a - b);
  const shown = (ms: number | undefined) => `${((ms ?? 0) / 1000).toFixed(1)} s`;
  return [what, `${times.length}`, shown(sorted[Math.floor(sorted.length / 2)]), shown(sorted.at(-1))];
});
for (const row of rows) process.stdout.write(`${row.join('  ')}\n`);
writeSection(
  'failover',
  'Several processes on one PostgreSQL, and one of them goes',
  `node test/bench/failover.ts ${ROUNDS}`,
  [['from … to …', 'times', 'median', 'longest'], ...rows],
  `2 web processes and 2 workers on one PostgreSQL 15, 4 nodes of the demo, read every second. Every run that was cut restarted its node once: ${wrong.length === 0 ? 'none twice, none lost' : wrong.join('; ')}.`,
);
if (wrong.length > 0) fail(wrong.join('\n'));
process.exit(0);

function note(what: string, fromMs: number): void {
  measured.set(what, [...(measured.get(what) ?? []), performance.now() - fromMs]);
}

/** A run on one node, cut in the middle of its restart by `cut`, goes on to its end with one restart. */
async function cutRun(index: number, cut: (holder: ConsoleProcess, runId: string) => Promise<void>): Promise<void> {
  const starts = world.starts(index);
  const id = await world.startRun(index, { confirmSeconds: 300 });
  await until('the restart is under way', () => world.stepIs(id, 'restart', 'running'), { timeoutMs: 60_000, everyMs: 20 });
  const holder = (await world.holder(id)) ?? fail('nobody holds the run');
  await cut(holder, id);
  const run = await world.ended(id);
  const restarts = world.starts(index) - starts;
  if (run.status !== 'succeeded' || restarts !== 1) wrong.push(`${id} ${run.status}, ${restarts} restarts: ${run.summary}`);
}

async function killWorkerInRun(index: number): Promise<void> {
  await cutRun(index, async (holder, id) => {
    await holder.kill();
    const from = performance.now();
    await Promise.all([
      until('another has it', async () => ((await world.holder(id)) ?? holder) !== holder, { timeoutMs: 30_000 }).then(() =>
        note('kill -9 of a worker to its run held by another one', from),
      ),
      until('all are read', () => world.allReadBy(world.workers()[0]), { timeoutMs: 30_000 }).then(() =>
        note('kill -9 of a worker to its nodes read by another one', from),
      ),
    ]);
  });
  await world.add('worker');
}

async function killWeb(): Promise<void> {
  const [one, two] = world.webs();
  if (!one || !two) return fail('two web processes should run');
  const client = await listenTo(one.url, world.token);
  await until('events', () => client.heard.length > 3);
  await one.kill();
  const from = performance.now();
  await client.ended;
  const next = await listenTo(two.url, world.token, client.heard.at(-1)?.id ?? 0);
  await until('the next event', () => next.heard.length > 0);
  note('kill -9 of a web process to the next event at another one', from);
  if (next.resets() > 0) wrong.push('a browser had to reload');
  next.close();
  await world.add('web');
}

/** Stopped, not dead: when it goes on it must see that the run is another's. */
async function stopWorkerInRun(index: number): Promise<void> {
  await cutRun(index, async (holder, id) => {
    process.kill(holder.pid, 'SIGSTOP');
    const from = performance.now();
    await until('another has it', async () => ((await world.holder(id)) ?? holder) !== holder, { timeoutMs: 30_000 });
    note('a worker stands still (SIGSTOP) to its run held by another one', from);
    await sleep(STANDSTILL_MS);
    process.kill(holder.pid, 'SIGCONT');
  });
}

async function databaseAway(index: number): Promise<void> {
  await cutRun(index, async () => {
    await world.database.kill();
    await sleep(AWAY_MS);
    await world.database.again();
    const from = performance.now();
    for (const one of world.webs())
      await until('it answers', async () => (await world.ask(one, 'GET', 'fleet')).status === 200, { timeoutMs: 60_000 });
    note(`the database back after ${AWAY_MS / 1000} s away to all web processes answering`, from);
    const client = await listenTo(world.web().url, world.token);
    await until('samples', () => client.heard.some(({ event }) => event.type === 'fleet.sample'), { timeoutMs: 60_000 });
    client.close();
    note(`the database back after ${AWAY_MS / 1000} s away to live samples`, from);
  });
}

function fail(words: string): never {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}
