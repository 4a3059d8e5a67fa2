import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type SimulatedConsole, simulation, stepOf } from '#test/support/simulated-console.ts';
import type { SimulatedNode } from '#test/support/simulated-node.ts';

const AUTO = { gates: 'auto' } as const;
const WARM_MS = 300_000;
/** Changes of the node by the run itself; asking about the revert changes nothing once it is over. */
const CHANGES = ['backupConfig', 'writeConfig', 'restart', 'armRevert'];

const touchedAfter = (node: SimulatedNode, at: number | null): string[] =>
  node.touches.filter((touch) => at !== null && touch.at > at && CHANGES.includes(touch.what)).map((touch) => touch.what);

/** How many moments of a whole run a console could die at: before and after each call to the node, and after each stored change. */
async function momentsOfARun(t: Parameters<typeof simulation>[0]): Promise<string[]> {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
  await world.time.pass(WARM_MS);
  const moments: string[] = [];
  const console = await world.openConsole(async (name) => void moments.push(name));
  const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
  await world.ended(console, id);
  return moments;
}

/** Kills the console at its nth moment, lets `deadMs` pass, starts another one on the same data, and gives the end. */
async function killedAt(t: Parameters<typeof simulation>[0], moment: number, deadMs: number) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
  const node = world.node('edge-1');
  const before = node.config();
  await world.time.pass(WARM_MS);
  let left = moment;
  let dead = false;
  const first: SimulatedConsole = await world.openConsole(async (_name, die) => {
    left -= 1;
    if (left > 0 || dead) return;
    dead = true;
    await die();
  });
  const { id } = await first.start({ selector: 'name=edge-1', strategy: AUTO });
  await world.time.runUntil(() => dead, 3_600_000);
  await world.time.pass(deadMs);
  const second = await world.openConsole();
  const run = await world.ended(second, id, 1_800_000);
  const locks = await second.db.selectFrom('runLocks').selectAll().execute();
  return { run, node, before, locks };
}

/** Every moment near an act, and a spread of the many quiet ones in between. */
const chosen = (moments: string[]): number[] =>
  moments.flatMap((name, i) => {
    const firstOfItsKind = moments.indexOf(name) === i || moments.lastIndexOf(name) === i;
    return firstOfItsKind || CHANGES.some((change) => name.startsWith(change)) || i % 17 === 0 ? [i + 1] : [];
  });

describe('a console that dies', () => {
  test('at any moment of a run, and is started again at once: the run ends as it would have, with exactly one restart', async (t) => {
    const moments = await momentsOfARun(t);
    for (const moment of chosen(moments)) {
      const { run, node, before, locks } = await killedAt(t, moment, 2000);
      const where = `killed at moment ${moment} of ${moments.length}, ${moments[moment - 1]}: ${run.summary}`;
      assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', where);
      assert.deepEqual(node.restarts, ['run'], where);
      assert.equal(node.config(), before.replace('enabled: true', 'enabled: false'), where);
      assert.equal(node.runFiles.get(run.id)?.state, 'disarmed', where);
      for (const step of run.targets[0]?.steps ?? [])
        assert.ok(step.status === 'succeeded' && step.evidence.length > 0, `${where}: ${step.key} ${step.status}`);
      assert.deepEqual(locks, [], where);
    }
  });

  test('at any moment of a run, and comes back after the deadline: the node is as before and left alone, or the run ends as it would have', async (t) => {
    const moments = await momentsOfARun(t);
    for (const moment of chosen(moments)) {
      const { run, node, before, locks } = await killedAt(t, moment, 200_000);
      const where = `killed at moment ${moment} of ${moments.length}, ${moments[moment - 1]}: ${run.status} ${run.summary}`;
      assert.deepEqual(locks, [], where);
      if (run.status === 'rolled-back') {
        assert.equal(node.config(), before, where);
        assert.deepEqual(touchedAfter(node, node.revertedAt), [], where);
        assert.ok(node.restarts.length <= 2 && node.restarts.filter((r) => r === 'run').length <= 1, where);
      } else {
        assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', where);
        assert.deepEqual(node.restarts, ['run'], where);
      }
    }
  });

  test('again and again, every 20 s: the run still comes to its end with one restart', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'always' }]);
    await world.time.pass(WARM_MS);
    let console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    for (let i = 0; i < 25; i++) {
      await world.time.pass(20_000);
      console.kill();
      console = await world.openConsole();
    }
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'failed/fail', run.summary);
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
  });

  test('is stopped in order and started again: the successor goes on without waiting for a lease', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(WARM_MS);
    const first = await world.openConsole();
    const { id } = await first.start({ selector: 'name=edge-1', strategy: AUTO });
    await world.until(first, id, (run) => stepOf(run, 'watch').status === 'running');
    await first.stop();
    const second = await world.openConsole();
    const run = await world.ended(second, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
  });
});

describe('a console that stands still past the deadline', () => {
  for (const key of ['validate', 'restart', 'verify-process', 'watch', 'gate'])
    test(`in ${key}: the node restores itself, the run ends rolled-back, and the node is touched no more`, async (t) => {
      const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
      const node = world.node('edge-1');
      const before = node.config();
      await world.time.pass(WARM_MS);
      const console = await world.openConsole();
      const gates = key === 'gate' ? 'manual' : 'auto';
      const { id } = await console.start({ selector: 'name=edge-1', strategy: { gates, confirmSeconds: 20 } });
      await world.until(console, id, (run) => ['running', 'waiting'].includes(stepOf(run, key).status));
      console.freeze();
      await world.time.pass(60_000);
      assert.equal(node.config(), before);
      const restarts = [...node.restarts];
      console.thaw();
      const run = await world.ended(console, id, 120_000);
      assert.equal(run.status, 'rolled-back', run.summary);
      assert.notEqual(run.verdict, 'pass');
      await world.time.pass(60_000);
      assert.deepEqual(node.restarts, restarts);
      assert.deepEqual(touchedAfter(node, node.revertedAt), []);
      assert.equal(node.config(), before);
    });
});

describe('a node that SSH cannot reach any more', () => {
  test('in the watch, past its deadline: it restores itself and the run ends rolled-back once it answers', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    const node = world.node('edge-1');
    const before = node.config();
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({
      selector: 'name=edge-1',
      strategy: { ...AUTO, confirmSeconds: 30 },
      params: { watchSeconds: 300 },
    });
    await world.until(console, id, (run) => stepOf(run, 'watch').status === 'running');
    node.reachable = 'hangs';
    await world.time.pass(100_000);
    assert.equal(node.config(), before);
    assert.equal((await console.runs.get(id)).status, 'running');
    node.reachable = true;
    const run = await world.ended(console, id, 60_000);
    assert.equal(run.status, 'rolled-back', run.summary);
    assert.deepEqual(touchedAfter(node, node.revertedAt), []);
  });

  test('and never answers again: the run ends without its word', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    await world.until(console, id, (run) => stepOf(run, 'watch').status === 'running');
    world.node('edge-1').reachable = false;
    const run = await world.ended(console, id, 1_800_000);
    assert.equal(run.status, 'rolled-back', run.summary);
    assert.match(run.summary, /did not answer any more over SSH; it restores itself/);
  });

  test('for less than its deadline: the run goes on and ends as it would have', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    await world.until(console, id, (run) => stepOf(run, 'restart').status === 'running');
    world.node('edge-1').reachable = false;
    await world.time.pass(40_000);
    world.node('edge-1').reachable = true;
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
  });
});
