import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OPERATOR, simulation, stepOf } from '#test/support/simulated-console.ts';

const AUTO = { gates: 'auto' } as const;
/** Enough of a process life for a baseline, and for the old leak to be seen. */
const WARM_MS = 300_000;

describe('fd-leak with gates auto', () => {
  test('a pool leak ends succeeded and fixed, with one restart, one word changed and a receipt for every step', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    const node = world.node('edge-1');
    const before = node.config();
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    const run = await world.ended(console, id);

    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
    assert.match(run.summary, /^edge-1: fixed: \d+ fds leaked per 1,000 connections before, 0 after$/);
    assert.deepEqual(node.restarts, ['run']);
    assert.equal(node.config(), before.replace('enabled: true', 'enabled: false'));
    assert.equal(run.targets[0]?.steps.length, 14);
    for (const step of run.targets[0]?.steps ?? []) {
      assert.equal(step.status, 'succeeded', step.key);
      assert.ok(step.evidence.length > 0, `${step.key} has a receipt`);
    }
    assert.ok(run.targets[0]?.judgement?.before?.per1000Connections);
    assert.ok(run.targets[0]?.judgement?.after?.perMinute);
    assert.equal(node.runFiles.get(id)?.state, 'disarmed');
    assert.equal(console.agreed.size, 1);
  });

  test('a step that ended is not taken up again, however its end falls into the reading of the run', async (t) => {
    const names = Array.from({ length: 12 }, (_, i) => `edge-${i + 1}`);
    const world = simulation(
      t,
      names.map((name) => ({ name, leak: 'pool' })),
      { lateReads: true },
    );
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: '*', strategy: { ...AUTO, batches: [12], maxParallel: 12 } });
    const run = await world.ended(console, id);
    assert.equal(run.targets.length, 12);
    for (const { name, steps } of run.targets) {
      const edit = steps.find((s) => s.key === 'edit-config');
      const titles = edit?.evidence.map(({ title }) => title) ?? [];
      assert.deepEqual(titles, ['what changes in config.yaml', 'written', 'config.yaml read back'], name);
      assert.match(edit?.summary ?? '', /1 place edited$/, name);
    }
  });

  test('a leak that the pool does not cause ends failed and "not fixed", says why the count fell, and leaves nothing armed', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'always' }]);
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    const run = await world.ended(console, id);

    assert.equal(`${run.status}/${run.verdict}`, 'failed/fail', run.summary);
    assert.match(run.summary, /^edge-1: not fixed: .*only because the restart freed every leaked fd/);
    assert.equal(stepOf(run, 'watch').status, 'failed');
    for (const key of ['verify-logs', 'verify-metrics', 'gate', 'disarm-revert', 'record'])
      assert.equal(stepOf(run, key).status, 'succeeded', key);
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
    assert.equal(world.node('edge-1').runFiles.get(id)?.state, 'disarmed');
  });

  test('a node that did not leak goes through every step and ends pass, "was not leaking"', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'none' }]);
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
    assert.match(run.summary, /was not leaking/);
    assert.ok(run.targets[0]?.steps.every((s) => s.status === 'succeeded'));
  });

  test('a node whose pool is off already has nothing to change, is restarted all the same, and the run says so', async (t) => {
    const config = 'connection_pool:\n  enabled: false\n';
    const world = simulation(t, [{ name: 'edge-1', leak: 'always', config }]);
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    const run = await world.ended(console, id);
    assert.match(stepOf(run, 'edit-config').summary, /nothing to change/);
    assert.equal(`${run.status}/${run.verdict}`, 'failed/fail', run.summary);
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
    assert.equal(world.node('edge-1').config(), config);
  });

  test('a node without load ends inconclusive, never fixed, and says what is missing', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    await world.until(console, id, (run) => stepOf(run, 'watch').status === 'running');
    world.node('edge-1').acceptsPerSecond = 0;
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'failed/inconclusive', run.summary);
    assert.match(run.summary, /inconclusive: needs .*more connections/);
    assert.equal(world.node('edge-1').runFiles.get(id)?.state, 'disarmed');
  });

  test('a process that was started a moment ago is given the time for a baseline', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(10_000);
    world.node('edge-1').restart('run');
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    const waiting = await world.until(console, id, (run) => stepOf(run, 'baseline').output !== '');
    assert.match(stepOf(waiting, 'baseline').output, /waiting for \d+ more seconds of this process life|waiting for the first sample/);
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'succeeded/pass', run.summary);
  });
});

describe('a run that cannot go on before its edit', () => {
  const cases: { what: string; spoil: (node: ReturnType<ReturnType<typeof simulation>['node']>) => void; says: RegExp }[] = [
    {
      what: 'a config.yaml that is not YAML',
      spoil: (n) => n.setConfig('listen_addrs: [\n  : :'),
      says: /config\.yaml.*line \d+, column \d+/,
    },
    {
      what: 'an SSH server that hangs',
      spoil: (n) => {
        n.reachable = 'hangs';
      },
      says: /SSH/,
    },
    {
      what: 'a node that SSH cannot reach',
      spoil: (n) => {
        n.reachable = false;
      },
      says: /SSH/,
    },
    {
      what: 'a unit without a process',
      spoil: (n) => {
        n.comesBack = false;
      },
      says: /runs no process/,
    },
  ];
  for (const { what, spoil, says } of cases)
    test(`${what}: failed within a minute, no verdict, the cause in the summary, nothing changed`, async (t) => {
      const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
      await world.time.pass(WARM_MS);
      const node = world.node('edge-1');
      spoil(node);
      const before = node.config();
      const console = await world.openConsole();
      const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
      const run = await world.ended(console, id, 60_000);
      assert.equal(`${run.status}/${run.verdict}`, 'failed/null', run.summary);
      assert.match(run.summary, says);
      assert.match(run.summary, /nothing was changed on the node/);
      assert.ok(stepOf(run, 'preflight').evidence.length > 0);
      assert.deepEqual(node.touches, []);
      assert.deepEqual(node.restarts, []);
      assert.equal(node.config(), before);
    });
});

describe('a change that goes wrong on the node', () => {
  test('a file that the proxy refuses is put back before any restart was asked', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(WARM_MS);
    const node = world.node('edge-1');
    node.validates = false;
    const before = node.config();
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'failed/inconclusive', run.summary);
    assert.match(run.summary, /refuses this config\.yaml.*config\.yaml was restored/);
    assert.equal(node.config(), before);
    assert.ok(!node.restarts.includes('run'));
  });

  test('a service that does not come back is put back as it was', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(WARM_MS);
    const node = world.node('edge-1');
    const before = node.config();
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    await world.until(console, id, (run) => stepOf(run, 'restart').status === 'running');
    node.comesBack = false;
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'failed/inconclusive', run.summary);
    assert.match(run.summary, /did not come back.*config\.yaml was restored/);
    assert.deepEqual(node.restarts, ['run', 'revert']);
    assert.equal(node.config(), before);
  });

  test('a file that somebody edits during the run is not overwritten', async (t) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'pool' }]);
    await world.time.pass(WARM_MS);
    const node = world.node('edge-1');
    const console = await world.openConsole(async (name) => {
      if (name === 'armRevert:after') node.setConfig(`${node.config()}# by hand\n`);
    });
    const { id } = await console.start({ selector: 'name=edge-1', strategy: AUTO });
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'failed/null', run.summary);
    assert.match(run.summary, /changed by somebody else/);
    assert.match(node.config(), /# by hand/);
    assert.deepEqual(node.restarts, []);
  });
});

describe('the last gate with gates manual', () => {
  const waitingAtGate = async (t: Parameters<typeof simulation>[0]) => {
    const world = simulation(t, [{ name: 'edge-1', leak: 'always' }]);
    await world.time.pass(WARM_MS);
    const console = await world.openConsole();
    const { id } = await console.start({ selector: 'name=edge-1' });
    const run = await world.until(console, id, (r) => r.status === 'waiting');
    return { world, console, id, run };
  };

  test('waits with question, options and default, its verdict known, and the node kept from restoring itself for as long as it takes', async (t) => {
    const { world, console, id, run } = await waitingAtGate(t);
    assert.equal(run.verdict, 'fail');
    const { gate } = stepOf(run, 'gate');
    assert.equal(gate?.default, 'keep');
    assert.deepEqual(
      gate?.options.map((o) => o.value),
      ['keep', 'revert'],
    );
    await world.time.pass(3_600_000);
    const later = await console.runs.get(id);
    assert.equal(later.status, 'waiting');
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
    assert.ok(Date.parse(later.targets[0]?.revertAt ?? '') > world.time.clock.now());
  });

  test('keep disarms and ends by the verdict', async (t) => {
    const { world, console, id } = await waitingAtGate(t);
    await console.command(OPERATOR, console.runs.verbs.answerGate, { id, gate: 'gate', answer: 'keep' });
    const run = await world.ended(console, id);
    assert.equal(`${run.status}/${run.verdict}`, 'failed/fail');
    assert.equal(stepOf(run, 'gate').gate?.by, 'sre-oncall');
    assert.deepEqual(world.node('edge-1').restarts, ['run']);
  });

  test('revert restores the file with one more restart and ends rolled-back', async (t) => {
    const { world, console, id } = await waitingAtGate(t);
    await console.command(OPERATOR, console.runs.verbs.answerGate, { id, gate: 'gate', answer: 'revert' });
    const run = await world.ended(console, id, 120_000);
    assert.equal(`${run.status}/${run.verdict}`, 'rolled-back/fail', run.summary);
    assert.match(run.summary, /put back as it was, on request: config\.yaml was restored/);
    assert.match(world.node('edge-1').config(), /enabled: true/);
    assert.deepEqual(world.node('edge-1').restarts, ['run', 'revert']);
  });

  test('takes no other answer, and none twice', async (t) => {
    const { console, id } = await waitingAtGate(t);
    const answer = (text: string) => console.command(OPERATOR, console.runs.verbs.answerGate, { id, gate: 'gate', answer: text });
    await assert.rejects(answer('maybe'), { code: 'request.invalid', message: /one of keep, revert/ });
    await answer('keep');
    await assert.rejects(answer('revert'), { code: 'gate.not-waiting' });
  });
});
