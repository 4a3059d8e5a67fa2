import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstToShow } from '#client/runs.ts';
import { isUndoing, runLook, targetLook } from '#components/runs/words.ts';
import type { Run, RunTarget } from '#shared/runs.ts';

const target = (over: Partial<RunTarget> = {}): RunTarget => ({
  ...{ nodeId: 'n', name: 'edge-01', batch: 1, status: 'running', verdict: 'pass', summary: 'fixed: 90 before, 0.2 after' },
  ...{ judgement: null, revertAt: null, revertSurvivesReboot: false, undoing: false, steps: [], marks: [] },
  ...over,
});
const run = (targets: RunTarget[], over: Partial<Pick<Run, 'status' | 'verdict'>> = {}) => ({
  ...{ status: 'running' as const, verdict: 'pass' as const, summary: '', targets },
  runbook: { key: 'pool-settings', version: 'v', title: 'Change pool settings' },
  ...over,
});

test('while a change is taken back the run says so, whatever was found before', () => {
  assert.equal(runLook(run([target({ undoing: true })])).word, 'Reverting');
  assert.equal(targetLook(target({ undoing: true })).word, 'Reverting');
  assert.equal(runLook(run([target({ undoing: true }), target({ nodeId: 'm' })])).word, 'Reverting 1 of 2');
  assert.equal(runLook(run([target()])).word, 'Passed');
});

test('a deadline that has passed is a revert by the node itself', () => {
  const armed = target({ revertAt: '2026-11-17T14:00:00.000Z' });
  assert.equal(isUndoing(armed, Date.UTC(2026, 10, 17, 13, 59)), false);
  assert.equal(isUndoing(armed, Date.UTC(2026, 10, 17, 14, 0, 1)), true);
});

test('a node that was put back is rolled back, not fixed', () => {
  assert.equal(targetLook(target({ status: 'rolled-back' })).word, 'Rolled back');
});

test('what broke before anything was judged has failed; "can’t tell" is for what was judged', () => {
  const broken = target({ status: 'failed', verdict: 'inconclusive', marks: ['succeeded', 'failed'] });
  assert.equal(targetLook(broken).word, 'Failed');
  assert.equal(runLook(run([broken], { status: 'failed', verdict: 'inconclusive' })).word, 'Failed');
  const window = { per1000Connections: null, perMinute: null, window: { from: '', to: '' }, processAge: 60 };
  const judged = target({ status: 'failed', verdict: 'inconclusive', judgement: { before: null, after: window, comparedBy: null } });
  assert.equal(runLook(run([judged], { status: 'failed', verdict: 'inconclusive' })).word, 'Can’t tell yet');
});

test('a run of several nodes has no verdict while one of them is still asked about, and is opened on that one', () => {
  const asked = target({ nodeId: 'm', status: 'waiting', summary: '' });
  const kept = target({ status: 'succeeded' });
  assert.equal(runLook(run([kept, asked], { status: 'waiting' })).word, 'Waits for an answer');
  assert.equal(firstToShow([kept, target({ nodeId: 'k' }), asked])?.nodeId, 'm');
  assert.equal(firstToShow([kept, target({ nodeId: 'k' })])?.nodeId, 'k');
  assert.equal(firstToShow([kept])?.nodeId, 'n');
});

test('the list says of an fd-leak run what its page says', () => {
  const row = (over: object) => ({
    ...run([]),
    runbook: { key: 'fd-leak', version: 'v', title: 't' },
    targets: undefined,
    targetCount: 1,
    ...over,
  });
  const listed = (over: object) => {
    const { targets: _, ...rest } = row(over);
    return runLook(rest).word;
  };
  assert.equal(listed({ status: 'failed', verdict: 'fail', summary: 'edge-01: not fixed: 525 before, 524 after' }), 'Not fixed');
  assert.equal(listed({ status: 'succeeded', verdict: 'pass', summary: 'edge-01: fixed: 263 before, 0 after' }), 'Fixed');
  assert.equal(listed({ status: 'succeeded', verdict: 'pass', summary: 'edge-01: was not leaking: 0 before, 0 after' }), 'Was not leaking');
  assert.equal(listed({ status: 'waiting', verdict: 'fail', summary: 'edge-01: not fixed: 525 before, 524 after' }), 'Not fixed');
  assert.equal(listed({ status: 'waiting', verdict: 'pass', targetCount: 3 }), 'Waits for an answer');
  assert.equal(listed({ status: 'succeeded', verdict: 'pass', summary: 'of 3 nodes 3 succeeded', targetCount: 3 }), 'Passed');
});
