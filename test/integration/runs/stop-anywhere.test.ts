import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { OPERATOR, type SimulatedConsole, simulation, stepOf } from '#test/support/simulated-console.ts';

const WARM_MS = 300_000;

/** A run that is stopped, with all others, between the end of one step and the beginning of the next. */
async function stoppedBefore(t: TestContext, step: string) {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
  const node = world.node('edge-1');
  const before = node.config();
  await world.time.pass(WARM_MS);
  const console = await world.openConsole();
  const { verbs } = console.runs;
  const { id } = await console.start({ selector: '*', strategy: { gates: 'auto' } });
  const steps = (await console.runs.get(id)).targets[0]?.steps ?? [];
  const earlier = steps[steps.findIndex(({ key }) => key === step) - 1]?.key ?? '';
  await world.until(console, id, (run) => stepOf(run, earlier).status === 'running');
  await console.command(OPERATOR, verbs.stopAllRuns, { reason: 'something is wrong' });
  await world.time.pass(WARM_MS);
  const run = await console.runs.get(id);
  assert.deepEqual([run.status, stepOf(run, step).status], ['paused', 'pending']);
  assert.notEqual(stepOf(run, earlier).status, 'running', 'what was under way was finished');
  return { world, node, console, verbs, id, before };
}

const BOUNDARIES = ['edit-config', 'validate', 'restart', 'verify-process', 'watch'];

describe('everything is stopped between two steps', () => {
  for (const step of BOUNDARIES) {
    test(`before ${step}: aborted then, the node is as before and waits for nothing`, async (t) => {
      const { world, node, console, verbs, id, before } = await stoppedBefore(t, step);
      await console.command(OPERATOR, verbs.abortRun, { id });
      const run = await world.ended(console, id, 60_000);
      assert.equal(run.status, 'aborted', run.summary);
      assertAsBefore(node, run.id, before);
    });

    test(`before ${step}: without a console from then on, the node is as before and waits for nothing`, async (t) => {
      const { world, node, console, id, before } = await stoppedBefore(t, step);
      console.kill();
      await world.time.pass(200_000);
      assertAsBefore(node, id, before);
    });
  }
});

/** How many moments a whole run has: before and after each call to the node, and after each stored change. */
async function countMoments(t: TestContext): Promise<number> {
  const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
  await world.time.pass(WARM_MS);
  let moments = 0;
  const console = await world.openConsole(async () => void moments++);
  const { id } = await console.start({ selector: '*', strategy: { gates: 'auto' } });
  await world.ended(console, id);
  return moments;
}

test('aborted at any moment, a run ends within a minute with the node as before, or with a change that was confirmed already', async (t) => {
  const moments = await countMoments(t);
  for (let moment = 1; moment <= moments; moment += moment < 60 ? 2 : 9) {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    const node = world.node('edge-1');
    const before = node.config();
    await world.time.pass(WARM_MS);
    let left = moment;
    let id: string | null = null;
    let asked: Promise<unknown> | null = null;
    const console: SimulatedConsole = await world.openConsole(async () => {
      left -= 1;
      if (left > 0 || asked !== null || id === null) return;
      asked = console.command(OPERATOR, console.runs.verbs.abortRun, { id }).catch(() => undefined);
    });
    ({ id } = await console.start({ selector: '*', strategy: { gates: 'auto' } }));
    await world.time.runUntil(() => asked !== null, 3_600_000);
    await asked;
    const run = await world.ended(console, id, 60_000);
    const where = `aborted at moment ${moment} of ${moments}: ${run.summary}`;
    const confirmed = node.runFiles.get(id)?.state === 'disarmed' && stepOf(run, 'disarm-revert').status !== 'skipped';
    if (!confirmed) assertAsBefore(node, id, before, where);
    else assert.match(run.summary, /keeps the change|stays|fixed/, where);
  }
});

function assertAsBefore(node: ReturnType<ReturnType<typeof simulation>['node']>, runId: string, before: string, where?: string): void {
  assert.equal(node.config(), before, where);
  assert.ok(
    ['reverted', 'disarmed', undefined].includes(node.runFiles.get(runId)?.state),
    `${where ?? ''}: ${node.runFiles.get(runId)?.state}`,
  );
  const [byRun, byRevert] = [node.restarts.filter((by) => by === 'run').length, node.restarts.filter((by) => by === 'revert').length];
  assert.ok(byRun <= 1 && byRevert <= 1 && byRevert >= byRun, `${where ?? ''}: restarts ${node.restarts.join(', ')}`);
}
