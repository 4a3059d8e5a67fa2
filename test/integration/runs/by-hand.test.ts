import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { OPERATOR, simulation, stepOf } from '#test/support/simulated-console.ts';

/** A run that stands still before its edit, as for a person who wants to type. */
async function pausedBeforeEdit(t: TestContext) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' as const }]);
  await world.time.pass(300_000);
  const console = await world.openConsole();
  const { verbs } = console.runs;
  const { id } = await console.start({ selector: '*', strategy: { gates: 'auto' } });
  await world.until(console, id, (r) => stepOf(r, 'arm-revert').status === 'running');
  await console.command(OPERATOR, verbs.pauseRun, { id });
  await world.until(console, id, (r) => stepOf(r, 'arm-revert').status === 'succeeded');
  const say = (step: string) => console.command(OPERATOR, verbs.doneByHand, { id, nodeId: 'n_edge-1', step });
  const resume = () => console.command(OPERATOR, verbs.resumeRun, { id });
  return { world, console, id, say, resume, node: world.node('edge-1') };
}

describe('I did this by hand: verify it', () => {
  test('an edit and a restart that were done by hand are taken, proven, and judged like the console’s own', async (t) => {
    const { world, console, id, say, resume, node } = await pausedBeforeEdit(t);
    node.setConfig(node.config().replace('enabled: true ', 'enabled: false'));
    node.restart('run');
    await say('edit-config');
    await say('restart');
    await resume();
    const run = await world.ended(console, id);
    assert.equal(run.verdict, 'pass', run.summary);
    assert.match(stepOf(run, 'edit-config').summary, /enabled: false, edited by hand, says sre-oncall/);
    assert.match(stepOf(run, 'restart').summary, /restarted by hand, says sre-oncall: pid 4000 to 4007/);
    assert.match(
      stepOf(run, 'edit-config')
        .evidence.map((e) => e.raw)
        .join('\n'),
      /\+ {3}enabled: false/,
    );
    assert.deepEqual(node.restarts, ['run'], 'the console did not restart it once more');
    assert.equal(console.agreed.get('n_edge-1') !== undefined, true);
  });

  test('what was said and not done, the console does', async (t) => {
    const { world, console, id, say, resume, node } = await pausedBeforeEdit(t);
    node.setConfig(`${node.config()}# somebody looked at this\n`);
    await say('edit-config');
    await say('restart');
    await resume();
    const run = await world.ended(console, id);
    assert.equal(run.verdict, 'pass', run.summary);
    assert.match(node.config(), /enabled: false/);
    assert.match(node.config(), /somebody looked at this/, 'the other edit stays');
    assert.match(stepOf(run, 'edit-config').output, /does not hold connection_pool\.enabled: false yet, so the console sees to it/);
    assert.match(stepOf(run, 'restart').output, /still pid 4000, so the console sees to it/);
    assert.deepEqual(node.restarts, ['run']);
  });

  test('an edit before the backup was kept counts, and the run says that a revert would keep it', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' as const }]);
    await world.time.pass(300_000);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: '*', strategy: { gates: 'auto' } });
    await console.command(OPERATOR, console.runs.verbs.doneByHand, { id, nodeId: 'n_edge-1', step: 'edit-config' });
    const node = world.node('edge-1');
    node.setConfig(node.config().replace('enabled: true ', 'enabled: false'));
    const run = await world.ended(console, id);
    assert.equal(run.verdict, 'pass', run.summary);
    assert.match(stepOf(run, 'edit-config').summary, /edited by hand before this run kept its backup, says sre-oncall: a revert brings/);
    assert.doesNotMatch(stepOf(run, 'edit-config').output, /does not hold/);
  });

  test('a file that was edited without a word is still not overwritten', async (t) => {
    const { world, console, id, resume, node } = await pausedBeforeEdit(t);
    node.setConfig(`${node.config()}# mine\n`);
    await resume();
    const run = await world.ended(console, id);
    assert.equal(run.status, 'failed');
    assert.match(stepOf(run, 'edit-config').summary, /changed by somebody else/);
  });

  test('what was said is taken back by the node when the console is gone for good; what was not said stays', async (t) => {
    for (const said of [true, false]) {
      const { world, console, id, say, resume, node } = await pausedBeforeEdit(t);
      const before = node.config();
      const byHand = before.replace('enabled: true ', 'enabled: false');
      node.setConfig(byHand);
      if (said) {
        await say('edit-config');
        await resume();
        await world.until(console, id, (r) => stepOf(r, 'edit-config').status === 'succeeded');
      }
      console.kill();
      await world.time.pass(200_000);
      assert.equal(node.config(), said ? before : byHand);
      assert.deepEqual(
        node.restarts.filter((by) => by === 'revert'),
        said ? ['revert'] : [],
      );
      const next = await world.openConsole();
      assert.equal((await world.ended(next, id)).status, 'rolled-back');
    }
  });

  test('is not taken for a step that looks, one that was begun, or an ended run', async (t) => {
    const { world, console, id, say, resume } = await pausedBeforeEdit(t);
    await assert.rejects(say('watch'), { code: 'run.wrong-state', message: /nothing that is done by hand/ });
    await assert.rejects(say('nonsense'), { code: 'run.wrong-state', message: /no step "nonsense"/ });
    await resume();
    await world.until(console, id, (r) => stepOf(r, 'edit-config').status === 'succeeded');
    await assert.rejects(say('edit-config'), { code: 'run.wrong-state', message: /is succeeded: pause the run before/ });
    await world.ended(console, id);
    await assert.rejects(say('restart'), { code: 'run.wrong-state' });
  });
});
