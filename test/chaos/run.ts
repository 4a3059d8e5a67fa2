// Chaos by hand: `npm run chaos -- [--kills 200] [--seed N] [--add] [--faults [--only WORDS]]`. Kills a console at instants of the seed (--add: on top of the kills that the
// page tells of); with --faults also fills its disk, holds its database, moves its clock and lets a thousand nodes flap. Each result is a row of
// docs/reliability.md; one that was tried before is replaced.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { clockJumps, databaseHeld, flapping, fullDisk, type Withstood } from './faults.ts';
import { killAgainAndAgain } from './kills.ts';
import type { CleanUp } from './real-nodes.ts';

const PAGE = path.resolve(import.meta.dirname, '../../docs/reliability.md');
const [OPEN, CLOSE] = ['<!-- chaos: written by test/chaos/run.ts -->', '<!-- /chaos -->'];
const KILLED = 'SIGKILL × ';
const HEAD = `## Chaos

A console with real SQLite files, real sshd and real runs, killed and starved while clients write. Everything that was answered with 2xx must be there afterwards, the
audit must hold to its signed end, nothing may be half done, every run must come to its end with at most one restart of a node.

| what was tried | what was kept | lost | date |
|---|---|---|---|`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: `${Date.now() % 100_000}` },
    add: { type: 'boolean', default: false },
    faults: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const [kills, seed] = [Number(values.kills), Number(values.seed)];
if (!Number.isInteger(kills) || kills < 0 || !Number.isInteger(seed)) throw new Error('--kills and --seed are whole numbers');

const totalsSchema = z.object({
  ...{
    seeds: z.array(z.number()),
    kills: z.number(),
    early: z.number(),
    acknowledged: z.number(),
    unanswered: z.number(),
    runs: z.number(),
  },
  ...{ restarts: z.number(), auditRows: z.number() },
});
const TOTALS = /<!-- kills (\{.*\}) -->/;

async function killed(t: CleanUp): Promise<Withstood> {
  const done = await killAgainAndAgain(t, { kills, seed, say: (line) => console.log(line) });
  console.log(JSON.stringify(done));
  const told = values.add ? TOTALS.exec(fs.readFileSync(PAGE, 'utf8'))?.[1] : undefined;
  const before = told === undefined ? null : totalsSchema.parse(JSON.parse(told));
  const sum = (name: Exclude<keyof z.infer<typeof totalsSchema>, 'seeds'>) => (before?.[name] ?? 0) + done[name];
  const names = ['kills', 'early', 'acknowledged', 'unanswered', 'runs', 'restarts', 'auditRows'] as const;
  const totals = totalsSchema.parse({
    seeds: [...(before?.seeds ?? []), seed],
    ...Object.fromEntries(names.map((name) => [name, sum(name)])),
  });
  return {
    tried: `${KILLED}${totals.kills} at instants by seed (${totals.seeds.join(', ')}), ${totals.early} of them while it started <!-- kills ${JSON.stringify(totals)} -->`,
    kept: `${totals.acknowledged} changes acknowledged, ${totals.unanswered} never answered (each whole or not at all), ${totals.runs} runs and ${totals.restarts} restarts, ${totals.auditRows} rows of audit`,
  };
}

async function attempt(name: string, work: (t: CleanUp) => Promise<Withstood | null>): Promise<void> {
  if (!name.includes(values.only)) return;
  const cleanUps: (() => void | Promise<void>)[] = [];
  console.log(name);
  try {
    const done = await work({ after: (fn) => cleanUps.push(fn) });
    if (done === null) return console.log('  not on this machine');
    console.log(`  ${done.kept}`);
    writeRow(done);
  } finally {
    for (const cleanUp of cleanUps.reverse()) await cleanUp();
  }
}

function writeRow({ tried, kept }: Withstood): void {
  const page = fs.readFileSync(PAGE, 'utf8');
  const [from, to] = [page.indexOf(OPEN), page.indexOf(CLOSE)];
  const old =
    from < 0
      ? []
      : page
          .slice(from, to)
          .split('\n')
          .filter((line) => /^\| (?!what was tried|---)/.test(line) && !line.startsWith('|---'));
  const date = new Date().toISOString().slice(0, 10);
  const rows = [
    ...old.filter((line) => !line.startsWith(`| ${tried.startsWith(KILLED) ? KILLED : `${tried} |`}`)),
    `| ${tried} | ${kept} | nothing | ${date} |`,
  ];
  const section = `${OPEN}\n${HEAD}\n${rows.join('\n')}\n\n\`node test/chaos/run.ts --kills N --seed N --faults\`, Node ${process.version}\n${CLOSE}\n`;
  const rest = from < 0 ? [`${page.trimEnd()}\n\n`, ''] : [page.slice(0, from), page.slice(to + CLOSE.length + 1)];
  fs.writeFileSync(PAGE, `${rest[0]}${section}${rest[1]}`);
}

if (kills > 0) await attempt(`${kills} kills, seed ${seed}`, killed);
if (values.faults) {
  await attempt('the disk is full', fullDisk);
  await attempt('the database is held', (t) => databaseHeld(t, 60));
  await attempt('the clock jumps', (t) => clockJumps(t));
  await attempt('nodes flap', (t) => flapping(t, { nodes: 1000, seconds: 60 }));
}
