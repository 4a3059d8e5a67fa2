// How the leak judgement does on labelled traces beside the rules that people use, in one run:
//   HEADROOM_TEST_DATA=DIR node test/bench/judgement.ts [--seeds 21,22] [--thin 4]
// DIR holds traces/ with the evaluator. Writes its table into docs/benchmarks.md.
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
const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'judgement-')), 'results.json');
const done = spawnSync(
  process.execPath,
  [
    path.join(traces, 'evaluate.mjs'),
    ...detectors.flatMap((d) => ['--detector', d]),
    '--seed',
    seeds,
    '--thin',
    thin,
    '--json',
    file,
    '--quiet',
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
);
if (done.status !== 0) process.exit(done.status ?? 1);
const results = z.array(z.object({ overall })).parse(JSON.parse(fs.readFileSync(file, 'utf8')));
fs.rmSync(path.dirname(file), { recursive: true, force: true });

const percent = (value: number | null) => (value === null ? '–' : `${Math.round(value * 100)} %`);
const figure = (value: number | null, digits: number) => (value === null ? '–' : value.toFixed(digits));
const line = (name: string, r: z.infer<typeof overall>) => [
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
    ...results.map((result, i) => line(i === 0 ? '**Headroom**' : (rules[i - 1] ?? ''), result.overall)),
  ],
  'Shares are means over 48 families of labelled traces. "Said fixed, was not" is the worst error: checks, and in how many of the unfixed traces. The silence of an alert rule reads as "fixed".',
);
