import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { simulation, stepOf } from '#test/support/simulated-console.ts';

const AUTO = { gates: 'auto' } as const;

async function begun(t: TestContext) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
  await world.time.pass(300_000);
  const console = await world.openConsole();
  const run = async (runbook: string, params: Record<string, unknown> = {}) => {
    const { id } = await console.start({ runbook, selector: 'name=edge-1', strategy: AUTO, params });
    return world.ended(console, id);
  };
  return { world, console, node: world.node('edge-1'), run };
}

describe('buy-time', () => {
  test('raises the limit of the running process, says for how long, and that nothing is fixed', async (t) => {
    const { node, run } = await begun(t);
    const ended = await run('buy-time', { limit: 20_000 });
    assert.equal(`${ended.status}/${ended.verdict}`, 'succeeded/null', ended.summary);
    assert.equal(node.fdLimit, 20_000);
    assert.deepEqual(node.restarts, []);
    assert.match(ended.summary, /may open 20,000 fds instead of 8,192, \d+ to \d+ more minutes.*fixes nothing/);
    const again = await run('buy-time', { limit: 10_000 });
    assert.match(again.summary, /nothing was raised/);
    assert.equal(node.fdLimit, 20_000);
  });

  test('of a console that dies in the middle raises it all the same, once', async (t) => {
    const { world, node } = await begun(t);
    let died = false;
    const mortal = await world.openConsole(async (name, die) => {
      if (name !== 'setLimit:after' || died) return;
      died = true;
      await die();
    });
    const { id } = await mortal.start({ runbook: 'buy-time', selector: 'name=edge-1', strategy: AUTO, params: { limit: 20_000 } });
    await world.time.pass(30_000);
    const next = await world.openConsole();
    const ended = await world.ended(next, id);
    assert.equal(ended.status, 'succeeded', ended.summary);
    assert.equal(node.fdLimit, 20_000);
  });
});

test('capture-evidence keeps process, fds, config and journal, changes nothing, and runs beside a run that does', async (t) => {
  const { world, console, node, run } = await begun(t);
  const changing = await console.start({ selector: 'name=edge-1', strategy: AUTO });
  const ended = await run('capture-evidence');
  assert.equal(`${ended.status}/${ended.verdict}`, 'succeeded/null', ended.summary);
  const kept = stepOf(ended, 'capture').evidence;
  assert.equal(kept.length, 4);
  for (const receipt of kept) assert.match(receipt.sha256, /^[0-9a-f]{64}$/);
  await world.ended(console, changing.id);
  node.touches.length = 0;
  await run('capture-evidence');
  assert.deepEqual(node.touches, []);
});

describe('config-rollback', () => {
  test('puts back, byte for byte, what an earlier run changed, with one restart', async (t) => {
    const { node, run } = await begun(t);
    const before = node.config();
    const first = await run('pool-settings', { enabled: false });
    assert.notEqual(node.config(), before);
    const back = await run('config-rollback', { run: first.id });
    assert.equal(back.status, 'succeeded', back.summary);
    assert.equal(node.config(), before);
    assert.deepEqual(node.restarts, ['run', 'run']);
    assert.match(stepOf(back, 'edit-config').summary, new RegExp(`config.yaml as before the run ${first.id}`));
  });

  test('leaves a file alone that somebody else changed since', async (t) => {
    const { node, run } = await begun(t);
    const first = await run('pool-settings', { enabled: false });
    const edited = `${node.config()}# by hand\n`;
    node.setConfig(edited);
    const back = await run('config-rollback', { run: first.id });
    assert.equal(back.status, 'failed');
    assert.match(back.summary, /changed since the run/);
    assert.equal(node.config(), edited);
    assert.deepEqual(node.restarts, ['run']);
  });

  test('puts back an older file over the one that a person looked at, and over no other', async (t) => {
    const { node, run } = await begun(t);
    const before = node.config();
    const first = await run('pool-settings', { enabled: false });
    await run('pool-settings', { max_per_host: 7 });
    const seen = createHash('sha256').update(node.config()).digest('hex');
    const back = await run('config-rollback', { run: first.id, over: seen });
    assert.equal(back.status, 'succeeded', back.summary);
    assert.equal(node.config(), before);
    node.setConfig(`${before}# by hand\n`);
    const late = await run('config-rollback', { run: first.id, over: seen });
    assert.equal(late.status, 'failed');
    assert.match(late.summary, /look at the difference again/);
    assert.match(node.config(), /# by hand/);
  });

  test('of a run that changed nothing here is refused on the node, with nothing touched', async (t) => {
    const { console, node, run } = await begun(t);
    const look = await run('capture-evidence');
    const back = await run('config-rollback', { run: look.id });
    assert.equal(back.status, 'failed');
    assert.match(back.summary, /kept no backup/);
    assert.deepEqual(node.restarts, []);
    await assert.rejects(console.start({ runbook: 'config-rollback', selector: 'name=edge-1' }), { code: 'request.invalid' });
  });
});

describe('pool-reload', () => {
  test('reloads where it can be proven: the same process, with the new file, and no restart', async (t) => {
    const { node, run } = await begun(t);
    const { pid } = node.process();
    const ended = await run('pool-reload', { enabled: false });
    assert.equal(ended.status, 'succeeded', ended.summary);
    assert.deepEqual([node.reloads, node.restarts, node.process().pid], [1, [], pid]);
    const verified = stepOf(ended, 'verify-process');
    assert.match(verified.summary, /goes on with the new config/);
    assert.equal(verified.evidence.find((e) => e.title === 'the config that it runs with')?.value, node.loaded());
    assert.match(stepOf(ended, 'verify-fds').summary, /a reload frees none/);
  });

  test('restarts where the process does not tell its config, as theirs', async (t) => {
    const { node, run } = await begun(t);
    node.tellsConfig = false;
    const ended = await run('pool-reload', { enabled: false });
    assert.equal(ended.status, 'succeeded', ended.summary);
    assert.deepEqual([node.reloads, node.restarts], [0, ['run']]);
    assert.match(stepOf(ended, 'verify-process').summary, /^pid \d+ to \d+/);
  });

  test('a process that keeps its old config after the reload is found, and the node is put back', async (t) => {
    const { node, run } = await begun(t);
    node.reload = () => undefined;
    const before = node.config();
    const ended = await run('pool-reload', { enabled: false });
    assert.equal(ended.status, 'failed');
    assert.match(ended.summary, /was not reloaded as it should be: pid \d+ runs with [0-9a-f]{12}; config\.yaml was restored/);
    assert.equal(node.config(), before);
  });
});
