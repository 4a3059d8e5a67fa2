// Many hosts, by hand; needs root on Debian. `npm run fleet -- [--hosts 20] [--only WORDS]`: every fault. `npm run fleet -- --moments`: faults between and
// within steps. `npm run fleet -- --runs`: fd-leak and a staged rollout over all of them. Writes its tables into docs/reliability.md.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { RunInput } from '#shared/runs.ts';
import { LIMITS } from './buy-time.ts';
import { told } from './console.ts';
import { type Fault, EVERY_FAULT as IN_A_RUN } from './faults.ts';
import { type Host, type HostSpec, hostsMissing } from './hosts.ts';
import { MOMENTS } from './moments.ts';
import { UPGRADES } from './upgrade.ts';
import { putRight, startWorld, type World } from './world.ts';

const PAGE = path.resolve(import.meta.dirname, '../../docs/reliability.md');
const KINDS = ['prepared', 'bare', 'foreign'] as const;

const { values } = parseArgs({
  options: {
    ...{ hosts: { type: 'string', default: '20' }, only: { type: 'string', default: '' } },
    ...{ runs: { type: 'boolean', default: false }, moments: { type: 'boolean', default: false } },
  },
});
const EVERY_FAULT: readonly Fault[] = values.moments ? MOMENTS : [...IN_A_RUN, ...Object.values(UPGRADES), ...Object.values(LIMITS)];
const count = Number(values.hosts);
if (!Number.isInteger(count) || count < 3 || count > 100) throw new Error(`--hosts is ${values.hosts}: a number from 3 to 100`);
const missing = hostsMissing();
if (missing !== null) throw new Error(`the hosts cannot be here: ${missing}`);

type Result = { fault: Fault; kind: string; host: string; error: string | null; seconds: number };
const results: Result[] = [];

async function inject(world: World, fault: Fault, host: Host): Promise<void> {
  // what an earlier fault that was not withstood has left
  if (fault.alone && !world.console.alive()) await world.console.start();
  await putRight(world, host);
  const startedAt = performance.now();
  const error = await fault.run(world, host).then(
    () => null,
    (reason) => (reason instanceof Error ? reason.message : String(reason)),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  results.push({ fault, kind: host.kind, host: host.name, error, seconds });
  console.log(
    `${error === null ? 'ok  ' : 'FAIL'} ${fault.name}, on ${host.name} (${host.kind}), ${seconds.toFixed(0)} s${error === null ? '' : `\n${error}`}`,
  );
}

/** Faults that leave the console alone go on side by side, a host each; the others one after the other. */
async function injectAll(world: World): Promise<void> {
  const faults = EVERY_FAULT.filter(({ name }) => name.includes(values.only));
  const free = new Map(KINDS.map((kind) => [kind, world.hosts.hosts.filter((host) => host.kind === kind)]));
  const pairs = faults.flatMap((fault) => fault.kinds.map((kind) => ({ fault, kind })));
  const together = pairs.filter(({ fault }) => !fault.alone);
  await Promise.all(
    KINDS.map(async (kind) => {
      const mine = together.filter((pair) => pair.kind === kind).values();
      const work = async (host: Host) => {
        for (const { fault } of mine) await inject(world, fault, host);
      };
      await Promise.all((free.get(kind) ?? []).map(work));
    }),
  );
  let nth = 0;
  for (const { fault, kind } of pairs.filter((pair) => pair.fault.alone)) {
    const hosts = free.get(kind) ?? [];
    const host = hosts[nth++ % hosts.length];
    if (host) await inject(world, fault, host);
  }
}

function writePage(seconds: number): void {
  const rows = EVERY_FAULT.filter((fault) => results.some((r) => r.fault === fault)).map((fault) => {
    const cells = KINDS.map((kind) => {
      const mine = results.filter((r) => r.fault === fault && r.kind === kind);
      const failed = mine.filter((r) => r.error !== null).length;
      return mine.length === 0
        ? ''
        : failed === 0
          ? `held (${Math.max(...mine.map((r) => r.seconds)).toFixed(0)} s)`
          : `**${failed} of ${mine.length} failed**`;
    });
    return `| ${fault.name} | ${fault.kept} | ${cells.join(' | ')} |`;
  });
  const name = values.moments ? 'fleet-moments' : 'fleet';
  const section = `<!-- ${name}: written by test/fleet/run.ts -->
## Faults ${values.moments ? 'between and within the steps' : 'in the middle'} of a run, on real hosts

${count} hosts with real systemd, journald, sudo and OpenSSH, each in namespaces of its own, under traffic; a third of them prepared (helper and revert
timer), a third bare, a third a stand-in for SNIProxy-rs on a bare host. The console is a process of its own, and is killed with SIGKILL.

| fault | what is kept | prepared | bare | theirs |
|---|---|---|---|---|
${rows.join('\n')}

\`node test/fleet/run.ts ${values.moments ? '--moments ' : ''}--hosts ${count}\`, ${seconds.toFixed(0)} s, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}
<!-- /${name} -->`;
  replaceSection(name, section);
}

function replaceSection(name: string, section: string): void {
  const page = fs.readFileSync(PAGE, 'utf8');
  const old = new RegExp(`<!-- ${name}: [\\s\\S]*?<!-- /${name} -->`);
  fs.writeFileSync(PAGE, old.test(page) ? page.replace(old, () => section) : `${page.trimEnd()}\n\n${section}\n`);
}

/** What leaks on each kind: by the pool, whatever the pool does, and theirs. */
const DRILLS = { prepared: 'pool-leak', bare: 'eof-leak', foreign: '' } as const;
const RUNS: { what: string; input: RunInput }[] = [
  {
    what: 'fd-leak, from start to verdict',
    input: {
      runbook: 'fd-leak',
      selector: 'name~n*',
      strategy: { batches: ['100%'], maxParallel: count, gates: 'auto', onInconclusive: 'continue', maxFailed: count },
      params: { baselineSeconds: 60, watchSeconds: 60 },
    },
  },
  {
    what: 'pool-reload, in batches of 1, 10 %, 50 % and 100 %',
    input: {
      runbook: 'pool-reload',
      selector: 'name~n*',
      strategy: { batches: [1, '10%', '50%', '100%'], maxParallel: 8, gates: 'auto', onInconclusive: 'continue' },
      params: { enabled: true },
    },
  },
];

async function runAll(world: World): Promise<void> {
  const rows: string[] = [];
  for (const { what, input } of RUNS) {
    const startedAt = performance.now();
    const run = await world.console.ended(await world.console.startRun(input), 900_000);
    const seconds = (performance.now() - startedAt) / 1000;
    const cells = KINDS.map((kind) => {
      const names = world.hosts.hosts.filter((host) => host.kind === kind).map(({ name }) => name);
      const ends = run.targets.filter((t) => names.includes(t.name)).map((t) => `${t.status}, ${t.verdict ?? 'no verdict'}`);
      return [...new Set(ends)].map((end) => `${ends.filter((one) => one === end).length} ${end}`).join('; ');
    });
    console.log(`${what}: ${run.summary}, ${seconds.toFixed(0)} s`);
    if (process.env.HEADROOM_TEST_VERBOSE) console.log(told(run));
    rows.push(`| ${what} | ${cells.join(' | ')} | ${seconds.toFixed(0)} |`);
  }
  replaceSection(
    'fleet-runs',
    `<!-- fleet-runs: written by test/fleet/run.ts -->
## Runs over ${count} real hosts

Prepared hosts leak by their pool, which fd-leak turns off; bare ones leak whatever the pool does; theirs counts what it has lost as active, so that a short
look tells nothing for sure. Of fd-leak "pass" is fixed and "fail" not fixed; pool-reload has no watch, its "pass" is every check passed.

| run | prepared | bare | theirs | seconds |
|---|---|---|---|---|
${rows.join('\n')}

\`node test/fleet/run.ts --runs --hosts ${count}\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.version}
<!-- /fleet-runs -->`,
  );
}

const startedAt = performance.now();
const specs = Array.from({ length: count }, (_, i): HostSpec => {
  const kind = KINDS[i % KINDS.length] ?? 'bare';
  return values.runs ? { kind, drill: DRILLS[kind] } : { kind };
});
const world = await startWorld(specs);
try {
  await (values.runs ? runAll(world) : injectAll(world));
} finally {
  await world.stop();
}
if (!values.runs && values.only === '') writePage((performance.now() - startedAt) / 1000);
process.exitCode = results.every((r) => r.error === null) ? 0 : 1;
