import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { joinVerdicts } from '#server/runs/decide.ts';
import { targetEnded } from '#server/runs/state.ts';
import { type Draw, modelRun } from './model.ts';

/** How long a history may take once nothing disturbs it any more. */
const FAIR_TURNS = 2000;
/** Every run takes seeds of its own. `HEADROOM_MODEL_TIMES=20 node --test test/unit/runs/decide.test.ts` looks at twenty times as many. */
const TIMES = Number(process.env.HEADROOM_MODEL_TIMES ?? 1);

type Model = ReturnType<typeof modelRun>;

/** A random history: work, crashes, silence, people; then calm until the end. */
function play(numbers: readonly number[], options: { nodes: number; gates: 'auto' | 'manual' }): Model {
  let at = 0;
  const draw: Draw = () => numbers[at++ % numbers.length] ?? 0;
  const model = modelRun({ ...options, draw });
  for (const n of numbers) {
    if (model.ended()) break;
    model.turn();
    check(model);
    const event = n % 23;
    if (event < 12) model.work();
    else if (event < 15) model.crash();
    else if (event < 17) model.pass(5);
    else if (event === 17) model.pass(60);
    else if (event === 18) model.keep();
    else if (event === 19) model.control('pause');
    else if (event === 20) model.control(null);
    else if (event === 21) model.answer();
    else if (n % 5 === 0) model.control('abort');
    else if (n % 5 < 3) model.skip();
    check(model);
  }
  for (let i = 0; i < FAIR_TURNS && !model.ended(); i++) {
    model.turn();
    if (model.run.control === 'pause') model.control(null);
    model.answer();
    model.keep();
    if (!model.work()) model.pass(1);
    check(model);
  }
  return model;
}

/** What holds at every moment. */
function check({ run, nodes }: Model): void {
  for (const [id, node] of nodes) {
    assert.ok(node.restartsByRun <= 1, `${id} was restarted ${node.restartsByRun} times by the run`);
    assert.ok(node.restartsByRevert <= 1, `${id} was restarted ${node.restartsByRevert} times by its revert`);
    assert.equal(node.changesAfterRevert, 0, `${id} was changed after it had restored itself`);
    const target = run.targets.find((t) => t.nodeId === id);
    if (target?.status === 'skipped') assert.ok(!node.edited && node.restartsByRun === 0, `${id} was skipped and touched`);
    assert.ok(!node.edited || target?.wayBack !== 'none', `${id} was edited with no way back`);
  }
}

const histories = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 160 });
const fleets = fc.record({ nodes: fc.integer({ min: 1, max: 4 }), gates: fc.constantFrom('auto' as const, 'manual' as const) });

describe('whatever happens in whatever order, crashes at every moment included', () => {
  test('every run ends, no target is lost, and no node is restarted twice or touched after it restored itself', () => {
    fc.assert(
      fc.property(histories, fleets, (numbers, options) => {
        const { run } = play(numbers, options);
        assert.ok(['succeeded', 'failed', 'aborted', 'rolled-back'].includes(run.status), `the run is ${run.status}: ${run.summary}`);
        assert.equal(run.targets.length, options.nodes);
        for (const target of run.targets) assert.ok(targetEnded(target), `${target.name} is ${target.status}`);
      }),
      { numRuns: 1500 * TIMES },
    );
  });

  test('a node that restored itself ends rolled-back or as asked, never succeeded; one that succeeded keeps its change with nothing armed', () => {
    fc.assert(
      fc.property(histories, fleets, (numbers, options) => {
        const { run, nodes } = play(numbers, options);
        for (const target of run.targets) {
          const node = nodes.get(target.nodeId);
          if (target.steps.some((s) => s.summary === 'skipped by sre')) assert.notEqual(target.verdict, 'pass');
          if (node?.revert === 'reverted') {
            assert.notEqual(target.status, 'succeeded');
            assert.notEqual(target.verdict, 'pass', `${target.name} is ${target.status}/${target.verdict}`);
            if (target.undo === null) assert.equal(target.status, 'rolled-back');
          }
          assert.notEqual(node?.revert, 'armed', `${target.name} ended ${target.status} and is still armed`);
          if (target.status !== 'succeeded') continue;
          assert.equal(node?.revert, 'disarmed');
          assert.equal(node.restartsByRun, 1);
          assert.equal(node.edited, true);
          assert.equal(target.verdict, 'pass');
        }
        if (run.status === 'succeeded') assert.ok(run.targets.every((t) => t.status === 'succeeded'));
        if (run.verdict === 'pass') assert.equal(run.status, 'succeeded');
      }),
      { numRuns: 1500 * TIMES },
    );
  });

  test('after too many failures no further node is begun', () => {
    fc.assert(
      fc.property(histories, (numbers) => {
        // Nobody pauses and resumes: a resume would be somebody going on in spite of the failures.
        const unattended = numbers.filter((n) => n % 23 !== 19 && n % 23 !== 20);
        const { run } = play(unattended.length > 0 ? unattended : [0], { nodes: 4, gates: 'auto' });
        const failed = run.targets.filter((t) => t.status === 'failed' || t.status === 'rolled-back').length;
        // maxFailed is 1, and two run at once: a third failure can only be the one that was under way.
        assert.ok(failed <= 3, `${failed} failed`);
      }),
      { numRuns: 500 * TIMES },
    );
  });
});

describe('the verdict of a run over many nodes', () => {
  const of = (...verdicts: ('pass' | 'fail' | 'inconclusive' | null)[]) =>
    joinVerdicts(verdicts.map((verdict) => ({ verdict, status: 'succeeded' as const })));
  test('is the worst of its nodes, and a node without a verdict beside judged ones is a doubt', () => {
    assert.equal(of('pass', 'pass'), 'pass');
    assert.equal(of('pass', 'fail', 'inconclusive'), 'fail');
    assert.equal(of('pass', 'inconclusive'), 'inconclusive');
    assert.equal(of('pass', null), 'inconclusive');
    assert.equal(of(null, null), null);
  });
  test('is not known before all are judged', () => {
    assert.equal(
      joinVerdicts([
        { verdict: 'pass', status: 'succeeded' },
        { verdict: null, status: 'running' },
      ]),
      null,
    );
  });
});
