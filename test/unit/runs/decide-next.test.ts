import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Action, decide, type LiveRun, type LiveTarget } from '#server/runs/decide.ts';
import type { StepState } from '#server/runs/state.ts';
import { strategySchema } from '#shared/runs.ts';

const NOW = 1_000_000;

const step = (key: string, over: Partial<StepState> = {}): StepState => ({
  ...{ key, kind: 'check', title: key, status: 'pending', verdict: null, summary: '', startedAt: null, finishedAt: null, output: '' },
  ...{ gate: null, accepted: false, byHand: null, soft: false },
  ...over,
});
const done = (key: string, over: Partial<StepState> = {}) => step(key, { status: 'succeeded', ...over });
const asks = (answer: string | null = null) =>
  step('gate', { kind: 'gate', status: 'waiting', gate: { question: '?', options: [], default: 'no', answer, by: null, at: null } });

/** A node that was begun and is between two steps. */
const target = (nodeId: string, over: Partial<LiveTarget> = {}): LiveTarget => ({
  ...{ nodeId, name: nodeId, position: 0, batch: 0, attempt: 1, status: 'running', verdict: null, summary: '', judgement: null },
  ...{ wayBack: 'none', revertAt: null, grantedAt: null, edit: 'none', restart: 'none', undo: null, memo: {}, startedAt: 1 },
  ...{ finishedAt: null, steps: [step('look')], busy: 'no', confirmed: false },
  ...over,
});
const waits = (nodeId: string, over: Partial<LiveTarget> = {}) => target(nodeId, { status: 'pending', startedAt: null, ...over });
const ended = (nodeId: string, status: LiveTarget['status'], over: Partial<LiveTarget> = {}) =>
  target(nodeId, { status, finishedAt: NOW, steps: [done('look')], ...over });

const run = (targets: LiveTarget[], over: Partial<LiveRun> = {}): LiveRun => ({
  ...{ id: 'r_1', dryRun: false, status: 'running', verdict: null, summary: '', control: null, controlBy: null, acceptedFailures: 0 },
  ...{ approveBy: null, targets, now: NOW },
  strategy: strategySchema.parse({}),
  ...over,
});
const strategy = (over: Partial<LiveRun['strategy']>): Pick<LiveRun, 'strategy'> => ({ strategy: { ...run([]).strategy, ...over } });

/** What is done to nodes and to the run; how the run is told meanwhile is another matter. */
const next = (state: LiveRun): Action[] => decide(state).filter((action) => action.do !== 'run');
const begun = (state: LiveRun): string[] => next(state).flatMap((a) => (a.do === 'target' && a.status === 'running' ? [a.nodeId] : []));
const told = (state: LiveRun) => decide(state).find((action) => action.do === 'run');
const ends = (state: LiveRun) => next(state).flatMap((a) => (a.do === 'end-target' ? [[a.nodeId, a.status, a.verdict, a.summary]] : []));

describe('a run that a second person must agree to', () => {
  const waiting = (over: Partial<LiveRun> = {}, targets = [waits('a'), waits('b')]) =>
    run(targets, { status: 'awaiting-approval', approveBy: NOW + 1, ...over });

  test('touches nothing, and is looked at again when its time is over', () => {
    assert.deepEqual(decide(waiting()), [{ do: 'wake', at: NOW + 1 }]);
  });
  test('ends without having begun when nobody agreed in time, and when it is aborted', () => {
    const late = waiting({ now: NOW + 1 });
    assert.deepEqual(ends(late), [
      ['a', 'skipped', null, 'nobody agreed to it in time'],
      ['b', 'skipped', null, 'nobody agreed to it in time'],
    ]);
    assert.deepEqual(ends(waiting({ control: 'abort' }))[0], ['a', 'skipped', null, 'not reached']);
    const over = decide(waiting({ now: NOW + 1 }, [ended('a', 'skipped')]));
    assert.equal(over.length, 1);
    assert.ok(over[0]?.do === 'end-run' && over[0].status === 'aborted' && /no second person agreed/.test(over[0].summary));
  });
  test('that has ended is left alone', () => assert.deepEqual(decide(run([waits('a')], { status: 'aborted' })), []));
});

describe('a node that was begun', () => {
  const only = (over: Partial<LiveTarget>, runOver: Partial<LiveRun> = {}) => next(run([target('a', over)], runOver));

  test('takes its next open step', () => {
    assert.deepEqual(only({ steps: [done('one'), step('two'), step('three')] }), [{ do: 'step', nodeId: 'a', key: 'two' }]);
  });
  test('is asked first whether it still waits, when its way back is armed and it was not heard', () => {
    assert.deepEqual(only({ wayBack: 'armed' }), [{ do: 'confirm', nodeId: 'a' }]);
    assert.deepEqual(only({ wayBack: 'armed', confirmed: true }), [{ do: 'step', nodeId: 'a', key: 'look' }]);
  });
  test('is not begun twice while it is busy', () => assert.deepEqual(only({ busy: 'step' }), []));

  for (const [why, over, runOver] of [
    ['reverted', { wayBack: 'reverted' }, {}],
    ['abort', {}, { control: 'abort' }],
    ['overdue', { wayBack: 'armed', revertAt: NOW - 1 }, {}],
  ] as const)
    test(`is interrupted in its step: ${why}`, () => {
      assert.deepEqual(only({ busy: 'step', ...over }, runOver), [{ do: 'interrupt', nodeId: 'a', why }]);
      assert.deepEqual(only({ busy: 'undo', ...over }, runOver), [], 'its undo goes on');
    });
  test('has until its deadline, the instant itself included; who only asks it is not interrupted', () => {
    assert.deepEqual(only({ busy: 'step', wayBack: 'armed', revertAt: NOW }), []);
    assert.deepEqual(only({ busy: 'confirm', wayBack: 'armed', revertAt: NOW - 1 }), []);
    assert.deepEqual(only({ busy: 'step', wayBack: 'disarmed', revertAt: NOW - 1 }), []);
  });

  for (const [what, over, how] of [
    ['nothing was written', { edit: 'none' }, 'disarm'],
    ['the file had the values already', { edit: 'nothing' }, 'disarm'],
    ['a write was asked for', { edit: 'asked' }, 'revert'],
    ['a write was done', { edit: 'done' }, 'revert'],
    ['it is being let go already', { edit: 'done', wayBack: 'disarming' }, 'disarm'],
  ] as const)
    test(`after an abort is put back by itself once its file may have been changed: ${what}`, () => {
      const held = { wayBack: 'armed', ...over } as const;
      assert.deepEqual(only(held, { control: 'abort' }), [{ do: 'undo', nodeId: 'a', how, why: 'abort' }]);
    });

  test('that holds nothing ends as what stopped it', () => {
    const end = (over: Partial<LiveTarget>, control: LiveRun['control'] = null) => ends(run([target('a', over)], { control }))[0]?.[1];
    assert.equal(end({}, 'abort'), 'aborted');
    assert.equal(end({ undo: 'answer' }), 'rolled-back');
    assert.equal(end({ steps: [step('one', { status: 'failed' }), step('two')] }), 'failed');
    assert.equal(end({ wayBack: 'gone' }), 'rolled-back');
    assert.equal(end({ wayBack: 'left', undo: 'abort' }), 'aborted');
    assert.equal(end({ steps: [done('one')] }), 'succeeded');
    assert.equal(end({ steps: [done('one')], verdict: 'fail' }), 'failed');
    assert.equal(end({ steps: [done('one')], verdict: 'inconclusive' }), 'failed');
  });
  test('goes on after a failed step that stops nothing', () => {
    assert.deepEqual(only({ steps: [step('one', { status: 'failed', soft: true }), step('two')] }), [
      { do: 'step', nodeId: 'a', key: 'two' },
    ]);
  });
  test('that ends has the verdict that its state allows', () => {
    const verdict = (over: Partial<LiveTarget>) => ends(run([target('a', over)]))[0]?.[2];
    assert.equal(verdict({ steps: [done('one')] }), null);
    assert.equal(verdict({ steps: [done('one', { verdict: 'pass' }), done('two')] }), 'pass');
    assert.equal(verdict({ wayBack: 'reverted', verdict: 'pass' }), 'inconclusive');
    assert.equal(verdict({ wayBack: 'reverted', verdict: 'fail' }), 'fail');
    const broken = [step('one', { status: 'failed' })];
    assert.equal(verdict({ steps: broken, verdict: 'pass' }), null);
    assert.equal(verdict({ steps: broken, edit: 'done' }), 'inconclusive');
    assert.equal(verdict({ steps: broken, restart: 'done' }), 'inconclusive');
    assert.equal(verdict({ steps: broken, edit: 'done', verdict: 'fail' }), 'fail');
  });

  test('waits for a person at a gate, and goes on with the answer', () => {
    assert.deepEqual(only({ steps: [asks()] }), [{ do: 'target', nodeId: 'a', status: 'waiting' }]);
    assert.deepEqual(only({ steps: [asks()], status: 'waiting' }), []);
    assert.deepEqual(only({ steps: [asks()] }, { control: 'pause' }), [{ do: 'target', nodeId: 'a', status: 'paused' }]);
    assert.deepEqual(only({ steps: [asks('go')], status: 'waiting' }), [
      { do: 'target', nodeId: 'a', status: 'running' },
      { do: 'step', nodeId: 'a', key: 'gate' },
    ]);
  });
  test('is paused between two steps', () => {
    assert.deepEqual(only({}, { control: 'pause' }), [{ do: 'target', nodeId: 'a', status: 'paused' }]);
    assert.deepEqual(only({ status: 'paused' }, { control: 'pause' }), []);
  });

  test('stops for a person at a doubt while nothing is changed, or when no gate asks later', () => {
    const doubt = done('one', { status: 'inconclusive' });
    const goes = [{ do: 'step', nodeId: 'a', key: 'two' }];
    const manual = strategy({});
    assert.deepEqual(only({ steps: [doubt, step('two')] }, manual), [{ do: 'pause' }]);
    assert.deepEqual(only({ edit: 'done', steps: [doubt, step('two')] }, manual), [{ do: 'pause' }]);
    assert.deepEqual(only({ edit: 'done', steps: [doubt, step('two'), step('ask', { kind: 'gate' })] }, manual), goes);
    assert.deepEqual(only({ steps: [doubt, step('two'), step('ask', { kind: 'gate' })] }, manual), [{ do: 'pause' }]);
    assert.deepEqual(only({ steps: [{ ...doubt, accepted: true }, step('two')] }, manual), goes);
    assert.deepEqual(only({ steps: [doubt, step('two')] }, strategy({ gates: 'auto' })), goes);
    assert.deepEqual(only({ steps: [doubt, step('two')] }, strategy({ onInconclusive: 'continue' })), goes);
  });
});

describe('nodes that wait', () => {
  test('are begun together up to maxParallel, those under way counted', () => {
    assert.deepEqual(begun(run([waits('a'), waits('b'), waits('c')], strategy({ maxParallel: 2 }))), ['a', 'b']);
    assert.deepEqual(begun(run([target('x', { busy: 'step' }), waits('a'), waits('b')], strategy({ maxParallel: 2 }))), ['a']);
  });
  test('are begun batch after batch, and the next one when the bake of the last is over', () => {
    const second = waits('b', { batch: 1 });
    assert.deepEqual(begun(run([waits('a'), second])), ['a']);
    assert.deepEqual(begun(run([target('a', { busy: 'step' }), second])), []);
    const baked = (now: number) => next(run([ended('a', 'succeeded'), second], { ...strategy({ bakeSeconds: 30 }), now }));
    assert.deepEqual(baked(NOW + 29_999), [{ do: 'wake', at: NOW + 30_000 }]);
    assert.deepEqual(baked(NOW + 30_000), [{ do: 'target', nodeId: 'b', status: 'running' }]);
  });
  test('are not begun in a pause, after an abort, or after more failures than are allowed or were accepted', () => {
    const two = [ended('a', 'failed'), waits('b')];
    assert.deepEqual(begun(run([waits('b')], { control: 'pause' })), []);
    assert.deepEqual(ends(run([waits('b')], { control: 'abort' })), [['b', 'skipped', null, 'not reached']]);
    assert.deepEqual(next(run(two)), [{ do: 'pause' }]);
    assert.deepEqual(next(run([ended('a', 'rolled-back'), waits('b')])), [{ do: 'pause' }]);
    assert.deepEqual(ends(run(two, strategy({ onFail: 'abort' }))), [['b', 'skipped', null, 'not reached']]);
    assert.deepEqual(ends(run(two, strategy({ gates: 'auto' }))), [['b', 'skipped', null, 'not reached']]);
    assert.deepEqual(begun(run(two, { acceptedFailures: 1 })), ['b']);
    assert.deepEqual(begun(run(two, strategy({ maxFailed: 1 }))), ['b']);
  });
  test('are begun one of a failure group at a time', () => {
    const groups = new Map([
      ['a', 'rack-1'],
      ['b', 'rack-1'],
      ['c', 'rack-2'],
    ]);
    assert.deepEqual(begun(run([waits('a'), waits('b'), waits('c'), waits('d')], { groups })), ['a', 'c', 'd']);
    assert.deepEqual(begun(run([target('a', { busy: 'step' }), waits('b'), waits('c')], { groups })), ['c']);
    assert.deepEqual(begun(run([ended('a', 'succeeded'), waits('b')], { groups })), ['b']);
  });
  test('are passed over while a freeze or a window keeps them, and looked at when it ends', () => {
    const closed = new Map([['a', { why: 'a freeze', until: NOW + 5 }]]);
    assert.deepEqual(next(run([waits('a'), waits('b')], { closed })), [
      { do: 'target', nodeId: 'b', status: 'running' },
      { do: 'wake', at: NOW + 5 },
    ]);
  });
});

describe('the run itself', () => {
  test('waits when all that is under way waits for people, is paused when it was told to, and says nothing twice', () => {
    const [asking, working] = [target('a', { status: 'waiting', steps: [asks()] }), target('b', { busy: 'step' })];
    assert.equal(told(run([asking]))?.status, 'waiting');
    assert.equal(told(run([asking, working]))?.status ?? 'running', 'running');
    assert.equal(told(run([asking], { control: 'pause' }))?.status, 'paused');
    const said = told(run([asking]));
    assert.ok(said);
    assert.equal(told(run([asking], { status: said.status, verdict: said.verdict, summary: said.summary })), undefined);
  });
  test('ends as the worst that befell its nodes', () => {
    const end = (targets: LiveTarget[], over: Partial<LiveRun> = {}) => {
      const [last] = next(run(targets, over));
      return last?.do === 'end-run' ? [last.status, last.verdict] : last;
    };
    const passed = ended('a', 'succeeded', { verdict: 'pass' });
    assert.deepEqual(end([passed]), ['succeeded', 'pass']);
    assert.deepEqual(end([passed, ended('b', 'skipped')]), ['failed', 'inconclusive']);
    assert.deepEqual(end([passed, ended('b', 'rolled-back')]), ['rolled-back', 'inconclusive']);
    assert.deepEqual(end([passed, ended('b', 'rolled-back'), ended('c', 'failed', { verdict: 'fail' })]), ['failed', 'fail']);
    assert.deepEqual(end([passed, ended('b', 'failed'), ended('c', 'aborted')]), ['aborted', 'inconclusive']);
    assert.deepEqual(end([passed], { control: 'abort' }), ['aborted', 'inconclusive']);
  });
});
