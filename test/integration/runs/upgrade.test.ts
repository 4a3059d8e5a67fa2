import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { Actor } from '#shared/access.ts';
import { RELEASE, simulation, stepOf } from '#test/support/simulated-console.ts';

const RELEASE_SHA = createHash('sha256').update(RELEASE).digest('hex');
const UPGRADE = {
  runbook: 'upgrade-proxy',
  selector: 'name=edge-1',
  strategy: { gates: 'auto' as const },
  params: { release: RELEASE_SHA },
};

async function begun(t: TestContext) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'none' }]);
  await world.time.pass(60_000);
  return { world, node: world.node('edge-1') };
}

describe('upgrade-proxy', () => {
  test('pushes the release, switches, restarts once, and proves that the program which runs is the new one', async (t) => {
    const { world, node } = await begun(t);
    const console = await world.openConsole();
    const { id } = await console.start(UPGRADE);
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
    assert.deepEqual([node.releases.current, node.releases.runs], [RELEASE_SHA, RELEASE_SHA]);
    assert.ok(node.releases.there.has('old'), 'the old one lies beside it');
    assert.deepEqual(node.restarts, ['run']);
    assert.match(stepOf(run, 'verify-release').summary, /edge-1 runs version v-/);
    assert.equal(node.files(id).state, 'disarmed');
  });

  test('goes back to the old version when the process reports another one', async (t) => {
    const { world, node } = await begun(t);
    node.releases.lies = true;
    const console = await world.openConsole();
    const { id } = await console.start({ ...UPGRADE, strategy: { ...UPGRADE.strategy, onFail: 'rollback' } });
    const run = await world.ended(console, id);
    assert.ok(['failed', 'rolled-back'].includes(run.status), run.status);
    assert.deepEqual([node.releases.current, node.releases.runs], ['old', 'old']);
    assert.deepEqual(node.restarts, ['run', 'revert']);
  });

  for (const moment of ['release-put:after', 'release-switch:before', 'release-switch:after', 'restart:after'])
    test(`a console that dies at ${moment} goes on with one restart, or the node is on the old version again`, async (t) => {
      const { world, node } = await begun(t);
      let died = false;
      const mortal = await world.openConsole(async (name, die) => {
        if (name !== moment || died) return;
        died = true;
        await die();
      });
      const { id } = await mortal.start(UPGRADE);
      await world.time.pass(30_000);
      assert.ok(died, `${moment} was never reached`);
      const next = await world.openConsole();
      const run = await world.ended(next, id);
      assert.equal(run.status, 'succeeded', run.summary);
      assert.deepEqual([node.releases.current, node.releases.runs], [RELEASE_SHA, RELEASE_SHA]);
      assert.deepEqual(node.restarts, ['run']);
    });

  test('a console that never comes back leaves the node on the old version', async (t) => {
    const { world, node } = await begun(t);
    const mortal = await world.openConsole(async (name, die) => {
      if (name === 'restart:after') await die();
    });
    await mortal.start(UPGRADE);
    await world.time.pass(200_000);
    assert.deepEqual([node.releases.current, node.releases.runs], ['old', 'old']);
    assert.deepEqual(node.restarts, ['run', 'revert']);
  });

  test('changes nothing where the unit does not start what is current, or no such release is there', async (t) => {
    const { world, node } = await begun(t);
    const console = await world.openConsole();
    node.releases.startsCurrent = false;
    const bare = await world.ended(console, (await console.start({ ...UPGRADE, strategy: { ...UPGRADE.strategy, onFail: 'abort' } })).id);
    assert.notEqual(bare.status, 'succeeded');
    assert.match(stepOf(bare, 'push-release').summary, /prepare the unit/);
    node.releases.startsCurrent = true;
    const params = { release: 'f'.repeat(64) };
    const none = await world.ended(
      console,
      (await console.start({ ...UPGRADE, params, strategy: { ...UPGRADE.strategy, onFail: 'abort' } })).id,
    );
    assert.match(stepOf(none, 'push-release').summary, /No release with the sha256 f+/);
    assert.deepEqual(node.restarts, []);
    assert.equal(node.releases.current, 'old');
  });

  test('is the admin’s: who may only start runs is refused, also to start one anew that an admin began', async (t) => {
    const { world, node } = await begun(t);
    const console = await world.openConsole();
    const operator: Actor = { kind: 'user', id: 'u_2', name: 'ann', role: 'operator' };
    const refused = (error: unknown) => {
      assert.ok(isHeadroomError(error));
      assert.equal(error.code, 'auth.forbidden');
      assert.match(error.message, /proxy\.upgrade/);
      return true;
    };
    await assert.rejects(console.command(operator, console.runs.verbs.start, UPGRADE), refused);
    node.releases.startsCurrent = false;
    const strategy = { ...UPGRADE.strategy, onFail: 'abort' as const };
    const { id } = await world.ended(console, (await console.start({ ...UPGRADE, strategy })).id);
    await assert.rejects(console.command(operator, console.runs.verbs.retryRun, { id }), refused);
  });
});
