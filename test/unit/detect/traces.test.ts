import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as detector from '#test/bench/detector.ts';

const folder = process.env.HEADROOM_TEST_DATA;
const skip = folder ? false : 'HEADROOM_TEST_DATA is not set: a folder that holds traces/';
const FAMILIES = ['steady', 'fast', 'step-baseline', 'emfile-clamp', 'fix-honeymoon', 'fix-worked', 'fix-partial', 'canary-confounded'];

type Scores = {
  saidFixedWhenNot: number;
  accepted: number;
  etaCoverage: number;
  falseAlarmsPerNodeDay: number;
  fixRightWhenDecidable: number;
  invalid: number;
};
type Evaluator = {
  parseCsv(text: string): unknown[];
  evaluate(d: typeof detector, traces: unknown[], options: { thin: number }): { overall: Scores };
};
type Generator = {
  generateSet(seed: number, families: string[]): Iterable<{ truth: { id: string; control?: string }; files: Record<string, string> }>;
};

const load = async <T>(name: string): Promise<T> => (await import(pathToFileURL(path.join(folder ?? '', 'traces', name)).href)) as T;

test('on labelled traces no unfixed leak is called fixed, no healthy node raises an alarm, the answers are right and the end lies in its band', {
  skip,
}, async () => {
  const { evaluate, parseCsv } = await load<Evaluator>('evaluate.mjs');
  const { generateSet } = await load<Generator>('generate.mjs');
  const traces = [...generateSet(33, FAMILIES)].map(({ truth, files }) => ({
    truth,
    samples: parseCsv(files[truth.id] ?? ''),
    control: truth.control ? parseCsv(files[truth.control] ?? '') : null,
  }));
  const { overall } = evaluate(detector, traces, { thin: 12 });
  assert.equal(overall.saidFixedWhenNot, 0);
  assert.equal(overall.invalid, 0);
  assert.ok(overall.accepted >= 0.97, `right answers: ${overall.accepted}`);
  assert.ok(overall.falseAlarmsPerNodeDay <= 0.05, `alarms a day: ${overall.falseAlarmsPerNodeDay}`);
  assert.ok(overall.etaCoverage >= 0.8, `ends within their band: ${overall.etaCoverage}`);
  assert.ok(overall.fixRightWhenDecidable >= 0.93, `fixes decided: ${overall.fixRightWhenDecidable}`);
});
