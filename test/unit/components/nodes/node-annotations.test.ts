import assert from 'node:assert/strict';
import { test } from 'node:test';
import { annotationsOf, eventWords } from '#components/nodes/node-annotations.ts';
import type { Annotation } from '#shared/annotations.ts';
import type { NodeMetricsAnswer } from '#shared/metrics.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 17, 14, 0, second)).toISOString();
const seconds = (second: number) => Date.parse(at(second)) / 1000;
const answer: NodeMetricsAnswer = {
  ...{ from: at(0), to: at(600), step: 5, series: {}, blind: [] },
  processStarts: [at(100)],
  times: [seconds(0), seconds(590)],
  runs: [{ id: 'r1', title: 'fd-leak', from: at(90), to: null, verdict: null }],
};

test('a restart that samples and the list of events both know is one restart', () => {
  const restart: Annotation = {
    kind: 'restart',
    from: at(101),
    to: at(101),
    livedSeconds: null,
    fdsBefore: 8000,
    fdsAfter: 60,
    runId: 'r1',
  };
  assert.deepEqual(annotationsOf(answer, [restart]).starts, [seconds(100)]);
});
test('what still lasts reaches to the newest sample, and the list of events knows a verdict better', () => {
  const run: Annotation = { kind: 'run', from: at(90), to: at(300), runId: 'r1', title: 'fd-leak', verdict: 'fail' };
  assert.equal(annotationsOf(answer, []).runs[0]?.to, seconds(590));
  assert.deepEqual(annotationsOf(answer, [run]).runs, [
    { id: 'r1', title: 'fd-leak', from: seconds(90), to: seconds(300), verdict: 'fail' },
  ]);
});
test('a config that no run wrote is called so', () => {
  const config: Annotation = { kind: 'config', from: at(5), to: at(5), before: null, after: 'b'.repeat(64), runId: null };
  assert.match(eventWords(config).detail, /by hand or by another tool/);
  assert.deepEqual(annotationsOf(answer, [config]).configs, [{ at: seconds(5), byRun: false }]);
});
