// Every bench, one after the other: `npm run bench -- [NAME…] [--quick] [--list] [--check] [--join] [--rebase]`.
//   --list    what there is, how long it takes, what it stands beside
//   --quick   short forms: prints the figures, and leaves docs/ as it is
//   --check   fails when a ratio is worse than test/bench/baseline.json by more than --tolerance (0.25 unless said)
//   --join    measures nothing: makes docs/benchmarks.json and the charts of the tables that are there; with --check, holds them to the baseline
//   --rebase  what was measured is the baseline from now on
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BENCHES, type Bench } from './catalogue.ts';
import { type Figure, figuresOf, worseThan } from './figures.ts';
import { figuresIn, joinBenchmarks, joined, PAGE } from './join.ts';

const BASELINE = path.join(import.meta.dirname, 'baseline.json');
const ROOT = path.resolve(import.meta.dirname, '../..');
const flag = { type: 'boolean', default: false } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: flag, list: flag, check: flag, join: flag, rebase: flag, tolerance: { type: 'string', default: '0.25' } },
});
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) fail(`there is no bench ${unknown.join(', ')}; there are ${BENCHES.map(({ name }) => name).join(', ')}`, 2);
const tolerance = Number(values.tolerance);
if (!(tolerance > 0)) fail(`--tolerance is "${values.tolerance}": it should be a share, like 0.25`, 2);
const chosen = BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));

if (values.list) {
  for (const { name, minutes, quick, peers = [], needs } of BENCHES)
    say(
      `${name.padEnd(14)} ${`${minutes}`.padStart(3)} min  ${quick === null ? 'no quick form' : 'quick too    '}  ` +
        [...peers.map(([file, debian]) => (fs.existsSync(file) ? debian : `${debian} (not installed)`)), ...(needs ? [needs] : [])].join(
          ', ',
        ),
    );
  process.exit(0);
}
if (values.join) joinBenchmarks();
const { figures, failed } = values.join ? { figures: figuresIn(joined(fs.readFileSync(PAGE, 'utf8'))), failed: [] } : measureAll();
if (!values.join) report(figures);
const baseline = z.record(z.string(), z.number()).parse(fs.existsSync(BASELINE) ? JSON.parse(fs.readFileSync(BASELINE, 'utf8')) : {});
if (values.rebase) {
  for (const { name, ratio } of figures) if (ratio !== null) baseline[name] = ratio;
  fs.writeFileSync(BASELINE, `${JSON.stringify(baseline, null, 2)}\n`);
  say(`${Object.keys(baseline).length} ratios are the baseline`);
}
const worse = values.check ? worseThan(baseline, figures, tolerance) : [];
for (const { name, baseline: was, now } of worse) say(`worse than the baseline: ${name}: ${now}, was ${was}`);
if (values.check && worse.length === 0) say(`no ratio is worse than the baseline by more than ${tolerance * 100} %`);
if (failed.length > 0) say(`did not end well: ${failed.join(', ')}`);
process.exit(worse.length > 0 || failed.length > 0 ? 1 : 0);

function measureAll(): { figures: Figure[]; failed: string[] } {
  const all: Figure[] = [];
  const bad: string[] = [];
  for (const bench of chosen) {
    const why = lacks(bench);
    if (why !== null) {
      say(`— ${bench.name}: skipped, ${why}`);
      continue;
    }
    const args = (values.quick ? bench.quick : bench.args) ?? [];
    say(`\n— ${bench.name} (${values.quick ? 'quick' : `about ${bench.minutes} min`})`);
    for (const [file, debian] of bench.peers ?? []) if (!fs.existsSync(file)) say(`  without ${debian}, which is not installed`);
    const { ok, found } = measure(bench, args);
    all.push(...found);
    if (!ok) bad.push(bench.name);
  }
  return { figures: all, failed: bad };
}

function lacks({ quick, needs }: Bench): string | null {
  if (values.quick && quick === null) return 'it has no quick form';
  if (needs === 'HEADROOM_TEST_DATA' && !process.env.HEADROOM_TEST_DATA) return 'HEADROOM_TEST_DATA names no folder with traces/';
  if (needs === 'build' && !fs.existsSync(path.join(ROOT, '.next/BUILD_ID'))) return 'nothing is built: node scripts/build.mjs';
  if (needs === 'postgres' && !fs.existsSync('/usr/lib/postgresql') && !fs.existsSync('/usr/local/bin/postgres')) return 'no PostgreSQL';
  return null;
}

function measure({ file, mark, figures: wanted }: Bench, args: readonly string[]): { ok: boolean; found: Figure[] } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
  const record = path.join(dir, 'tables.jsonl');
  const { status } = spawnSync(process.execPath, [path.join(import.meta.dirname, file), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, HEADROOM_BENCH_RECORD: record, ...(values.quick && { HEADROOM_BENCH_KEEP: '1' }) },
    timeout: 30 * 60_000,
  });
  const lines = fs.existsSync(record) ? fs.readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];
  fs.rmSync(dir, { recursive: true, force: true });
  const tables = lines.map((line) => z.object({ mark: z.string(), table: z.array(z.array(z.string())) }).parse(JSON.parse(line)));
  const table = tables.findLast((one) => one.mark === mark)?.table;
  return { ok: status === 0 && table !== undefined, found: table ? figuresOf(wanted, table) : [] };
}

function report(all: readonly Figure[]): void {
  say('');
  for (const { name, unit, ours, peers, ratio, target, holds } of all)
    say(
      [
        ...[name.padEnd(60), `${ours} ${unit}`.padEnd(16), ...Object.entries(peers).map(([peer, value]) => `${peer} ${value}`)],
        ...(ratio === null ? [] : [`= ${ratio} ×`]),
        ...(target === null ? [] : [`target ${target}: ${holds ? 'holds' : 'SHORT'}`]),
      ].join('  '),
    );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
function fail(why: string, code: number): never {
  process.stderr.write(`${why}\n`);
  process.exit(code);
}
