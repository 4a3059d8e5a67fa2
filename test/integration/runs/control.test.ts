import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPERATOR, type SimulatedConsole, simulation, stepOf } from '#test/support/simulated-console.ts';

const AUTO = { gates: 'auto' } as const;
const WARM_MS = 300_000;

const running = (key: string) => (run: Parameters<typeof stepOf>[0]) => ['running', 'waiting'].includes(stepOf(run, key).status);
const tell = (console: SimulatedConsole, verb: 'pauseRun' | 'resumeRun' | 'abortRun' | 'retryRun', id: string) =>
  console.command(OPERATOR, console.runs.verbs[verb], { id });

async function begun(t: Parameters<typeof simulation>[0], leak: 'pool' | 'always' | 'none' = 'pool') {
  const world = simulation(t, [{ name: 'edge-1', leak }]);
  await world.time.pass(WARM_MS);
  const console = await world.openConsole();
  const start = () => console.start({ selector: 'name=edge-1', strategy: AUTO });
  const node = world.node('edge-1');
  /** so young that a baseline has to be waited for */
  const makeYoung = () => {
    node.restart('run');
    node.restarts.length = 0;
  };
  return { world, console, start, node, makeYoung };
}

describe('abort', () => {
  for (const key of ['preflight', 'baseline', 'arm-revert'])
    test(`in ${key}: ended within a minute, nothing was changed, nothing stays armed`, async (t) => {
      const { world, console, start, node, makeYoung } = await begun(t);
      const before = node.config();
      if (key === 'baseline') makeYoung();
      const { id } = await start();
      await world.until(console, id, running(key));
      await tell(console, 'abortRun', id);
      const run = await world.ended(console, id, 60_000);
      assert.equal(run.status, 'aborted', run.summary);
      assert.match(run.summary, /nothing was changed on the node/);
      await world.time.pass(300_000);
      assert.deepEqual(node.restarts, []);
      assert.equal(node.config(), before);
    });

  for (const key of ['edit-config', 'restart', 'watch'])
    test(`in ${key}: ended within a minute, the file is as before, and the summary says so`, async (t) => {
      const { world, console, start, node } = await begun(t);
      const before = node.config();
      const { id } = await start();
      await world.until(console, id, running(key));
      await tell(console, 'abortRun', id);
      const run = await world.ended(console, id, 60_000);
      assert.equal(run.status, 'aborted', run.summary);
      assert.equal(node.config(), before);
      assert.ok(node.restarts.filter((r) => r === 'run').length <= 1);
      assert.ok(node.restarts.filter((r) => r === 'revert').length <= 1);
      const restarts = node.restarts.length;
      await world.time.pass(300_000);
      assert.equal(node.restarts.length, restarts);
    });

  test('of a node that does not answer: ended within a minute, and the node restores itself without us', async (t) => {
    const { world, console, start, node } = await begun(t);
    const before = node.config();
    const { id } = await start();
    await world.until(console, id, running('watch'));
    node.reachable = 'hangs';
    await tell(console, 'abortRun', id);
    const run = await world.ended(console, id, 60_000);
    assert.equal(run.status, 'aborted', run.summary);
    assert.match(run.summary, /did not answer any more over SSH; it restores itself at \d\d:\d\d:\d\d UTC/);
    await world.time.pass(200_000);
    assert.equal(node.config(), before);
  });

  test('of a console that is killed while it aborts: the next one ends it, with the file as before', async (t) => {
    const { world, console, start, node } = await begun(t);
    const before = node.config();
    const { id } = await start();
    await world.until(console, id, running('watch'));
    await tell(console, 'abortRun', id);
    console.kill();
    const next = await world.openConsole();
    const run = await world.ended(next, id, 60_000);
    assert.equal(run.status, 'aborted', run.summary);
    assert.equal(node.config(), before);
    assert.deepEqual(node.restarts, ['run', 'revert']);
  });

  test('of a run that has ended is refused with its state', async (t) => {
    const { world, console, start } = await begun(t);
    const { id } = await start();
    await world.ended(console, id);
    await assert.rejects(tell(console, 'abortRun', id), { code: 'run.wrong-state', message: /succeeded/ });
    await assert.rejects(tell(console, 'pauseRun', id), { code: 'run.wrong-state' });
    await assert.rejects(tell(console, 'abortRun', 'r_none'), { code: 'run.not-found' });
  });
});

describe('pause', () => {
  test('starts no further step until resumed', async (t) => {
    const { world, console, start, node, makeYoung } = await begun(t);
    makeYoung();
    const { id } = await start();
    await world.until(console, id, running('baseline'));
    assert.equal((await tell(console, 'pauseRun', id)).status, 'paused');
    await world.time.pass(600_000);
    const paused = await console.runs.get(id);
    assert.equal(paused.status, 'paused');
    assert.deepEqual(node.touches, []);
    await tell(console, 'resumeRun', id);
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
  });

  test('of a changed node keeps it from restoring itself, for an hour as for a minute', async (t) => {
    const { world, console, start, node } = await begun(t);
    const { id } = await start();
    await world.until(console, id, running('watch'));
    await tell(console, 'pauseRun', id);
    await world.time.pass(3_600_000);
    assert.deepEqual(node.restarts, ['run']);
    assert.equal((await console.runs.get(id)).verdict, 'pass');
    await tell(console, 'resumeRun', id);
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
  });

  test('comes by itself before the edit when there is no baseline and a person is there to ask, and resume goes on', async (t) => {
    const { world, console, node } = await begun(t);
    node.acceptsPerSecond = 8;
    node.samples.length = 0;
    node.comesBack = true;
    const push = node.sample;
    node.sample = () => ({ ...push(), openFds: null });
    const { id } = await console.start({ selector: 'name=edge-1' });
    const paused = await world.until(console, id, (run) => run.status === 'paused');
    assert.match(paused.summary, /no baseline/);
    assert.deepEqual(node.touches, []);
    node.sample = push;
    await tell(console, 'resumeRun', id);
    const waiting = await world.until(console, id, (run) => run.status === 'waiting');
    assert.notEqual(waiting.verdict, 'fail');
    assert.deepEqual(node.restarts, ['run']);
  });
});

describe('one changing run per node', () => {
  test('a second one is refused as node.busy and names the first; a dry run is not', async (t) => {
    const { world, console, start } = await begun(t);
    const { id } = await start();
    await assert.rejects(start(), { code: 'node.busy', message: new RegExp(`edge-1 is being changed by the run ${id}`) });
    const dry = await console.start({ selector: 'name=edge-1', dryRun: true });
    assert.equal((await world.ended(console, dry.id)).status, 'succeeded');
    assert.equal((await world.ended(console, id)).status, 'succeeded');
    await world.ended(console, (await start()).id);
  });

  test('the node is free again after every end', async (t) => {
    const { world, console, start } = await begun(t);
    const first = await start();
    await world.until(console, first.id, running('watch'));
    assert.equal(console.runs.activeRunOf('n_edge-1'), first.id);
    await tell(console, 'abortRun', first.id);
    await world.ended(console, first.id);
    await world.time.settle();
    assert.equal(console.runs.activeRunOf('n_edge-1'), null);
    const again = await start();
    assert.equal((await world.ended(console, again.id)).status, 'succeeded');
  });
});

describe('retry', () => {
  test('of a failed run starts its target anew, with a restart of its own', async (t) => {
    const { world, console, start, node } = await begun(t);
    node.validates = false;
    const { id } = await start();
    assert.equal((await world.ended(console, id)).status, 'failed');
    await world.time.pass(WARM_MS);
    node.validates = true;
    assert.equal((await tell(console, 'retryRun', id)).status, 'running');
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
    assert.deepEqual(node.restarts, ['revert', 'run']);
    assert.match(node.config(), /enabled: false/);
  });
});

describe('a dry run', () => {
  test('looks, shows the diff and changes nothing', async (t) => {
    const { world, console, node } = await begun(t);
    const before = node.config();
    const { id } = await console.start({ selector: 'name=edge-1', dryRun: true });
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/null', run.summary);
    assert.match(stepOf(run, 'edit-config').summary, /would set connection_pool\.enabled: false/);
    assert.match(stepOf(run, 'edit-config').evidence[0]?.raw ?? '', /-.*enabled: true[\s\S]*\+.*enabled: false/);
    for (const key of ['arm-revert', 'restart', 'watch', 'gate']) assert.equal(stepOf(run, key).status, 'skipped', key);
    assert.deepEqual(node.touches, []);
    assert.equal(node.config(), before);
  });
});

describe('start', () => {
  test('refuses what it cannot run, by code, before anything is stored', async (t) => {
    const { console } = await begun(t);
    const start = (input: Record<string, unknown>) => console.command(OPERATOR, console.runs.verbs.start, { runbook: 'fd-leak', ...input });
    await assert.rejects(start({ selector: 'name=no-such' }), { code: 'selector.no-match' });
    await assert.rejects(start({ selector: '((' }), { code: 'selector.invalid' });
    await assert.rejects(start({}), { code: 'request.invalid' });
    await assert.rejects(start({ selector: '*', runbook: 'no-such' }), { code: 'runbook.not-found', message: /fd-leak/ });
    await assert.rejects(start({ selector: '*', params: { watchSeconds: 1 } }), {
      code: 'request.invalid',
      message: /params\.watchSeconds/,
    });
    await assert.rejects(start({ selector: '*', params: { wachtSeconds: 60 } }), { code: 'request.invalid', message: /wachtSeconds/ });
    assert.equal((await console.runs.list()).runs.length, 0);
  });

  test('answers at once, whatever the node does', async (t) => {
    const { world, console, node } = await begun(t);
    node.reachable = 'hangs';
    const before = world.time.clock.now();
    const run = await console.start({ selector: 'name=edge-1' });
    assert.equal(world.time.clock.now(), before);
    assert.equal(run.status, 'running');
    assert.equal(run.targets[0]?.steps.length, 14);
  });
});

test('a node that was removed from the registry fails its run instead of holding it up', async (t) => {
  const { world, console, node } = await begun(t);
  const { id } = await console.start({ selector: 'name=edge-1', dryRun: true });
  await console.db.deleteFrom('nodes').where('id', '=', node.member.id).execute();
  const run = await world.ended(console, id, 60_000);
  assert.equal(run.status, 'failed', run.summary);
  assert.match(run.summary, /no node/);
});
