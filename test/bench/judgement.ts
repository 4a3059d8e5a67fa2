// How the leak judgement does on labelled traces beside the rules that people use, in one run:
//   HEADROOM_TEST_DATA=DIR node test/bench/judgement.ts [--seeds 21,22] [--thin 4] [--keep FOLDER]
// DIR holds traces/ with the evaluator. Each rule on each seed is a process of its own, of some 10 s of CPU; what FOLDER has of an earlier call is not
// measured again. Writes its table into docs/benchmarks.md.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { writeSection } from './section.ts';

const flag = (name: string, otherwise: string) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : (process.argv[at + 1] ?? otherwise);
};
const [seeds, thin] = [flag('seeds', '21,22'), flag('thin', '4')];
const data = process.env.HEADROOM_TEST_DATA;
if (!data) {
  console.error('HEADROOM_TEST_DATA names no folder: set it to the one that holds traces/');
  process.exit(2);
}
const traces = path.join(data, 'traces');
const rules = ['kube-prometheus', 'threshold-80', 'incident-document', 'least-squares', 'theil-sen'];
const detectors = [path.join(import.meta.dirname, 'detector.ts'), ...rules.map((rule) => path.join(traces, 'baselines', `${rule}.mjs`))];

const share = z.number().nullable();
const overall = z.object({
  ...{
    accepted: share,
    recall: share,
    clean: share,
    falseAlarmsPerNodeDay: share,
    falseAllClear: share,
    delayMinutes: share,
    coverage: share,
  },
  ...{
    relativeWidth: share,
    etaCoverage: share,
    saidFixedWhenNot: z.number(),
    saidFixedWhenNotTraces: z.number(),
    fixTracesNotFixed: z.number(),
  },
  ...{ fixRightWhenDecidable: share, saidFixedTooSoon: z.number(), cpuMicrosMedian: share },
});
type Result = z.infer<typeof overall>;
const keep = flag('keep', '') || fs.mkdtempSync(path.join(os.tmpdir(), 'judgement-'));
fs.mkdirSync(keep, { recursive: true });

function measured(detector: string, seed: string): Result {
  const file = path.join(keep, `${path.basename(detector).split('.')[0]}-${seed}-${thin}.json`);
  if (!fs.existsSync(file)) {
    const args = ['--detector', detector, '--seed', seed, '--thin', thin, '--json', file, '--quiet'];
    const done = spawnSync(process.execPath, [path.join(traces, 'evaluate.mjs'), ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
    if (done.status !== 0) process.exit(done.status ?? 1);
  }
  return z.object({ overall }).parse(JSON.parse(fs.readFileSync(file, 'utf8'))).overall;
}

/** Counts are added up over the seeds, everything else is their mean: each seed makes as many traces of each family. */
const COUNTS = new Set<string>(['saidFixedWhenNot', 'saidFixedWhenNotTraces', 'fixTracesNotFixed', 'saidFixedTooSoon']);
function over(results: readonly Result[]): Result {
  const of = (key: string): number | null => {
    const values = results.flatMap((one) =>
      Object.entries(one).flatMap(([name, value]) => (name === key && value !== null ? [value] : [])),
    );
    const sum = values.reduce((a, b) => a + b, 0);
    return values.length === 0 ? null : COUNTS.has(key) ? sum : sum / values.length;
  };
  return overall.parse(Object.fromEntries(Object.keys(overall.shape).map((key) => [key, of(key)])));
}
const results = detectors.map((detector) => over(seeds.split(',').map((seed) => measured(detector, seed))));
if (flag('keep', '') === '') fs.rmSync(keep, { recursive: true, force: true });

const percent = (value: number | null) => (value === null ? '–' : `${(value * 100).toFixed(1).replace(/[.]0$/, '')} %`);
const figure = (value: number | null, digits: number) => (value === null ? '–' : value.toFixed(digits));
const line = (name: string, r: Result) => [
  ...[name, percent(r.accepted), percent(r.recall), percent(r.clean), figure(r.falseAlarmsPerNodeDay, 2), percent(r.falseAllClear)],
  ...[figure(r.delayMinutes, 0), `${percent(r.coverage)} / ${figure(r.relativeWidth, 2)}`, percent(r.etaCoverage)],
  ...[
    `${r.saidFixedWhenNot} in ${r.saidFixedWhenNotTraces} of ${r.fixTracesNotFixed}`,
    percent(r.fixRightWhenDecidable),
    String(r.saidFixedTooSoon),
  ],
  figure(r.cpuMicrosMedian, 0),
];
writeSection(
  'judgement',
  'The leak judgement, beside the rules that people use',
  `node test/bench/judgement.ts --seeds ${seeds} --thin ${thin}`,
  [
    [
      'rule',
      'right',
      'recall',
      'clean',
      'false alarms a node-day',
      'bad all-clear',
      'delay, min',
      'interval holds / width',
      'EMFILE band holds',
      'said fixed, was not',
      'fix decided',
      'too soon',
      'µs',
    ],
    ...results.map((result, i) => line(i === 0 ? '**Headroom**' : (rules[i - 1] ?? ''), result)),
  ],
  'Shares are means over 48 families of labelled traces and over the seeds. "Said fixed, was not" is the worst error: checks, and in how many of the unfixed traces. The silence of an alert rule reads as "fixed".',
);
