import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPERATOR, simulation } from '#test/support/simulated-console.ts';

const WARM_MS = 300_000;
const fleetOf = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `edge-${i + 1}`, leak: 'pool' as const }));

describe('a run over many nodes', () => {
  test('goes batch by batch, never more than maxParallel at once, and reaches every node', async (t) => {
    const world = simulation(t, fleetOf(6));
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const strategy = { gates: 'auto', batches: [1, '100%'], maxParallel: 2, bakeSeconds: 30 } as const;
    const { id } = await console.start({ selector: '*', strategy: { ...strategy, batches: [...strategy.batches] } });
    let most = 0;
    const run = await world.until(console, id, (r) => {
      const begun = r.targets.filter((x) => x.status === 'running' || x.status === 'waiting');
      most = Math.max(most, begun.length);
      if (begun.some((x) => x.batch === 2))
        assert.equal(r.targets[0]?.status, 'succeeded', 'the canary ended before the second batch began');
      return r.status === 'succeeded';
    });
    assert.equal(most, 2);
    assert.equal(run.verdict, 'pass');
    assert.ok(run.targets.every((x) => x.status === 'succeeded'));
    for (const node of world.nodes) assert.deepEqual(node.restarts, ['run']);
  });

  test('stops after one failure too many: with a person it pauses and goes on when told, else the rest is left alone', async (t) => {
    for (const gates of ['manual', 'auto'] as const) {
      const world = simulation(t, fleetOf(3));
      await world.time.pass(WARM_MS);
      world.node('edge-1').setConfig('a: [\n');
      const console = await world.openConsole();
      const { id } = await console.start({ selector: '*', strategy: { gates, batches: [1, '100%'] } });
      if (gates === 'manual') {
        const paused = await world.until(console, id, (r) => r.status === 'paused');
        assert.match(paused.summary, /1 failed \(edge-1\)/);
        await console.command(OPERATOR, console.runs.verbs.resumeRun, { id });
        await world.until(console, id, (r) => r.status === 'waiting');
        await console.command(OPERATOR, console.runs.verbs.answerGate, { id, gate: 'gate', answer: 'keep' });
      }
      const run = await world.ended(console, id);
      assert.equal(run.status, 'failed', run.summary);
      assert.notEqual(run.verdict, 'pass');
      const rest = run.targets.slice(1).map((x) => x.status);
      assert.deepEqual(rest, gates === 'manual' ? ['succeeded', 'succeeded'] : ['skipped', 'skipped']);
    }
  });

  test('of more than fifty nodes the run tells how each step stands, and each node the rest', async (t) => {
    const world = simulation(t, fleetOf(51));
    await world.time.pass(10_000);
    const console = await world.openConsole();
    const strategy = { gates: 'auto', batches: [1, '100%'], maxParallel: 32 } as const;
    const started = await console.start({
      runbook: 'capture-evidence',
      selector: '*',
      strategy: { ...strategy, batches: [...strategy.batches] },
    });
    assert.equal(started.detail, 'matrix');
    const run = await world.ended(console, started.id);
    assert.equal(run.status, 'succeeded', run.summary);
    assert.equal(run.targets.length, 51);
    for (const target of run.targets) {
      assert.deepEqual(target.steps, []);
      assert.deepEqual(
        target.marks,
        run.plan.map(() => 'succeeded'),
      );
    }
    const one = await console.runs.target(run.id, run.targets[50]?.nodeId ?? '');
    assert.deepEqual(
      one.steps.map((s) => s.key),
      run.plan.map((s) => s.key),
    );
    for (const step of one.steps) assert.ok(step.evidence.length > 0, `${step.key} has its receipts`);
    await assert.rejects(console.runs.target(run.id, 'n_nobody'), /has no node n_nobody/);
    const bundle = await console.runs.exportEvidence(run.id, 'sre');
    assert.match(bundle, /edge-51/, 'the bundle has every node');
  });

  test('survives the death of its console with every node restarted once', async (t) => {
    const world = simulation(t, fleetOf(4));
    await world.time.pass(WARM_MS);
    let console = await world.openConsole();
    const { id } = await console.start({ selector: '*', strategy: { gates: 'auto', batches: [2, '100%'], maxParallel: 4 } });
    for (let i = 0; i < 20; i++) {
      await world.time.pass(17_000);
      console.kill();
      console = await world.openConsole();
    }
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
    for (const node of world.nodes) assert.deepEqual(node.restarts, ['run']);
  });

  test('aborted in the middle puts back what is not confirmed, keeps what is, and leaves the rest alone', async (t) => {
    const world = simulation(t, fleetOf(3));
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: '*', strategy: { gates: 'auto', batches: [1, 1, '100%'] } });
    await world.until(console, id, (r) => r.targets[1]?.steps.some((s) => s.key === 'watch' && s.status === 'running') ?? false);
    await console.command(OPERATOR, console.runs.verbs.abortRun, { id });
    const run = await world.ended(console, id, 60_000);
    assert.equal(run.status, 'aborted', run.summary);
    assert.deepEqual(
      run.targets.map((x) => x.status),
      ['succeeded', 'aborted', 'skipped'],
    );
    assert.match(world.node('edge-1').config(), /enabled: false/);
    assert.match(world.node('edge-2').config(), /enabled: true/);
    assert.deepEqual(world.node('edge-3').touches, []);
  });
});

describe('a canary beside a node that was left alone', () => {
  test('is called fixed while the other leaks on', async (t) => {
    const world = simulation(t, fleetOf(2));
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: '*', strategy: { gates: 'auto', batches: [1, '100%'] } });
    const run = await world.ended(console, id);
    assert.equal(run.verdict, 'pass', run.summary);
    const proofs = run.targets.map((x) => x.steps.find((s) => s.key === 'watch')?.evidence[0]?.value ?? '');
    assert.match(proofs[0] ?? '', /beside edge-2, which was left alone/);
    assert.doesNotMatch(proofs[1] ?? '', /left alone/, 'nobody is left to compare the last one with');
  });

  test('is not called fixed when the leak of the other ended in the same minute: something else did it', async (t) => {
    const world = simulation(t, fleetOf(2));
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: '*', strategy: { gates: 'auto', batches: [1, '100%'], maxFailed: 0 } });
    await world.until(console, id, (r) => r.targets[0]?.steps.some((s) => s.key === 'restart' && s.status === 'succeeded') ?? false);
    world.node('edge-2').process().poolOn = false;
    const run = await world.ended(console, id);
    assert.equal(run.targets[0]?.verdict, 'inconclusive', run.targets[0]?.summary);
    assert.match(run.targets[0]?.summary ?? '', /untouched control stopped leaking/);
  });
});
