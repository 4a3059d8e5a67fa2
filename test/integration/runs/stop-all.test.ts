import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { OPERATOR, simulation, stepOf } from '#test/support/simulated-console.ts';

async function begun(t: TestContext, count = 3) {
  const world = simulation(
    t,
    Array.from({ length: count }, (_, i) => ({ name: `edge-${i + 1}`, leak: 'pool' as const })),
  );
  await world.time.pass(300_000);
  const console = await world.openConsole();
  const start = (input: Partial<Parameters<typeof console.start>[0]> = {}) =>
    console.start({ selector: '*', strategy: { gates: 'auto', batches: [1, '100%'] }, ...input });
  const { verbs } = console.runs;
  return { world, console, start, verbs };
}

describe('stop everything', () => {
  test('pauses every run, lets none start, go on or be tried again, until runs are allowed, also after a restart of the console', async (t) => {
    const { world, console, start, verbs } = await begun(t);
    const run = await start();
    await world.until(console, run.id, (r) => stepOf(r, 'watch').status === 'running');
    const { paused } = await console.command(OPERATOR, verbs.stopAllRuns, { reason: 'something is wrong' });
    assert.deepEqual(paused, [run.id]);
    const stopped = { code: 'runs.stopped', message: /stopped by sre-oncall at .*something is wrong/ };
    await assert.rejects(start({ dryRun: true }), stopped);
    await assert.rejects(console.command(OPERATOR, verbs.resumeRun, { id: run.id }), stopped);
    await world.time.pass(600_000);
    assert.equal((await console.runs.get(run.id)).status, 'paused');
    assert.deepEqual(
      world.nodes.map((n) => n.restarts),
      [['run'], [], []],
    );
    console.kill();

    const next = await world.openConsole();
    assert.equal((await next.runs.list()).stopped?.reason, 'something is wrong');
    await world.time.pass(60_000);
    assert.deepEqual(
      world.nodes.map((n) => n.restarts),
      [['run'], [], []],
    );
    await next.command(OPERATOR, next.runs.verbs.allowRuns, {});
    assert.equal((await next.runs.list()).stopped, null);
    assert.equal((await next.runs.get(run.id)).status, 'paused');
    await next.command(OPERATOR, next.runs.verbs.resumeRun, { id: run.id });
    assert.equal((await world.ended(next, run.id)).status, 'succeeded');
    assert.deepEqual(
      world.nodes.map((n) => n.restarts),
      [['run'], ['run'], ['run']],
    );
    const actions = await next.db.selectFrom('audit').select(['action', 'actorName']).where('action', 'like', 'runs.%').execute();
    assert.deepEqual(
      actions.map((a) => a.action),
      ['runs.stop-all', 'runs.allow'],
    );
  });

  test('does not keep a run from being aborted', async (t) => {
    const { world, console, start, verbs } = await begun(t, 1);
    const before = world.node('edge-1').config();
    const run = await start();
    await world.until(console, run.id, (r) => stepOf(r, 'watch').status === 'running');
    await console.command(OPERATOR, verbs.stopAllRuns, { reason: 'stop' });
    await console.command(OPERATOR, verbs.abortRun, { id: run.id });
    assert.equal((await world.ended(console, run.id)).status, 'aborted');
    assert.equal(world.node('edge-1').config(), before);
  });
});

describe('skip', () => {
  test('leaves out a node that was not begun, with the reason, frees it, and retry reaches it', async (t) => {
    const { world, console, start, verbs } = await begun(t);
    const run = await start();
    await world.until(console, run.id, (r) => stepOf(r, 'baseline').status !== 'pending');
    await console.command(OPERATOR, verbs.skipInRun, { id: run.id, nodeId: 'n_edge-3', reason: 'in maintenance' });
    const ended = await world.ended(console, run.id);
    assert.deepEqual(
      world.nodes.map((n) => n.restarts),
      [['run'], ['run'], []],
    );
    assert.equal(ended.targets[2]?.summary, 'skipped by sre-oncall: in maintenance');
    assert.notEqual(ended.verdict, 'pass');
    await console.command(OPERATOR, verbs.retryRun, { id: run.id });
    assert.equal((await world.ended(console, run.id)).status, 'succeeded');
    assert.deepEqual(
      world.nodes.map((n) => n.restarts),
      [['run'], ['run'], ['run']],
    );
  });

  test('of a judging step never ends in "fixed"; of a step that acts, and of a node that was begun, it is refused', async (t) => {
    const { world, console, start, verbs } = await begun(t, 1);
    const run = await start();
    await world.until(console, run.id, (r) => stepOf(r, 'preflight').status !== 'pending');
    const skip = (step?: string) => console.command(OPERATOR, verbs.skipInRun, { id: run.id, nodeId: 'n_edge-1', reason: 'no time', step });
    for (const step of ['arm-revert', 'edit-config', 'gate', 'disarm-revert', 'none'])
      await assert.rejects(skip(step), { code: 'run.wrong-state' }, step);
    await assert.rejects(skip(), { code: 'run.wrong-state', message: /not begun yet/ });
    await skip('watch');
    const ended = await world.ended(console, run.id);
    assert.equal(ended.verdict, 'inconclusive', ended.summary);
    assert.equal(stepOf(ended, 'watch').status, 'skipped');
    assert.match(ended.summary, /skipped by sre-oncall: no time/);
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
  });
});

describe('roll back', () => {
  test('of an ended run is a new run over exactly the nodes that still have its change', async (t) => {
    const { world, console, start, verbs } = await begun(t);
    const before = world.nodes.map((n) => n.config());
    world.node('edge-2').setConfig(world.node('edge-2').config().replace('enabled: true', 'enabled: false'));
    const run = await start({ strategy: { gates: 'auto', batches: [1, '100%'], maxFailed: 3 } });
    await assert.rejects(console.command(OPERATOR, verbs.rollBack, { id: run.id }), { code: 'run.wrong-state', message: /abort/ });
    await world.ended(console, run.id);
    const back = await console.command(OPERATOR, verbs.rollBack, { id: run.id, reason: 'slower than before' });
    assert.deepEqual(
      back.targets.map((x) => x.name),
      ['edge-1', 'edge-3'],
    );
    const ended = await world.ended(console, back.id);
    assert.equal(ended.status, 'succeeded', ended.summary);
    assert.equal(world.node('edge-1').config(), before[0]);
    assert.equal(world.node('edge-3').config(), before[2]);
    assert.deepEqual(world.node('edge-1').restarts, ['run', 'run']);
  });

  test('of a run that changed nothing is refused', async (t) => {
    const { world, console, start, verbs } = await begun(t, 1);
    const run = await start({ dryRun: true });
    await world.ended(console, run.id);
    await assert.rejects(console.command(OPERATOR, verbs.rollBack, { id: run.id }), {
      code: 'run.wrong-state',
      message: /nothing to roll back/,
    });
  });
});
