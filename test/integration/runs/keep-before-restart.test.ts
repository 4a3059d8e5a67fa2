import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { HeadroomError } from '#server/kernel/errors.ts';
import { simulation, stepOf } from '#test/support/simulated-console.ts';

/** A rolling restart, which restarts at once, of one node whose evidence is kept by `keep`. */
async function restarted(t: TestContext, keep: (restarts: readonly string[]) => Promise<string | null>) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' as const }], {
    keepBeforeRestart: () => keep(world.node('edge-1').restarts),
  });
  await world.time.pass(300_000);
  const console = await world.openConsole();
  const { id } = await console.start({ runbook: 'rolling-restart', selector: '*', strategy: { gates: 'auto' } });
  const run = await world.ended(console, id);
  return { run, step: stepOf(run, 'restart'), node: world.node('edge-1') };
}
const receipt = (step: Awaited<ReturnType<typeof restarted>>['step']) =>
  step.evidence.find((evidence) => evidence.title === 'what the restart would destroy');

describe('what a restart would destroy', () => {
  test('is kept before the restart, and the step has the receipt', async (t) => {
    const { run, step, node } = await restarted(t, async (restarts) => {
      assert.deepEqual(restarts, [], 'the process is still there');
      return 'kept as c_1';
    });
    assert.equal(run.status, 'succeeded', run.summary);
    assert.deepEqual(node.restarts, ['run']);
    assert.equal(`${receipt(step)?.value} ${receipt(step)?.raw}`, 'kept kept as c_1');
    assert.match(step.summary, /restarted, once$/);
  });

  test('that could not be kept is said on the step, and keeps nobody from restarting', async (t) => {
    const refused = new HeadroomError('ssh.command-failed', 'nothing of edge-1 could be kept: sudo asks for a password');
    const { run, step, node } = await restarted(t, () => Promise.reject(refused));
    assert.equal(run.status, 'succeeded', run.summary);
    assert.deepEqual(node.restarts, ['run']);
    assert.match(step.summary, /restarted, once; what the leaking process held could not be kept$/);
    assert.match(`${receipt(step)?.value}: ${receipt(step)?.raw}`, /could not be kept: .*sudo asks for a password/);
  });

  test('that takes too long is not waited for', async (t) => {
    const { step, node } = await restarted(t, () => new Promise(() => undefined));
    assert.deepEqual(node.restarts, ['run']);
    assert.match(receipt(step)?.raw ?? '', /did not hand it over within 15 s/);
  });

  test('where nothing is at stake there is no receipt', async (t) => {
    const { step } = await restarted(t, async () => null);
    assert.equal(receipt(step), undefined);
    assert.match(step.summary, /restarted, once$/);
  });
});
