import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { until } from '#test/support/until.ts';
import { LIMITS } from './buy-time.ts';
import { told } from './console.ts';
import { FAULTS } from './faults.ts';
import { hostsMissing } from './hosts.ts';
import { UPGRADES } from './upgrade.ts';
import { CONFIG, changedAndWaiting, configOf, putRight, reverted, starts, startWorld, stepOf, type World } from './world.ts';

// Three hosts with real systemd and sshd, and a console that is a process: one run of each kind from start to verdict, then what may happen in between.
// Every fault on every kind of host, and on many: run.ts.

const missing = hostsMissing();
const here = { skip: missing ?? false };

describe('on real hosts', { concurrency: false }, () => {
  let world: World;
  const host = (i: number) => world.hosts.host(i);
  before(async () => {
    if (missing !== null) return;
    world = await startWorld([{ kind: 'prepared', drill: 'pool-leak' }, { kind: 'bare', drill: 'eof-leak' }, { kind: 'foreign' }]);
  });
  after(() => world?.stop());

  test('the self-test tells a prepared host from a bare one, and all metrics come through SSH', here, async () => {
    for (const one of world.hosts.hosts) {
      const { ok, checks } = await world.console.call('selfTest', world.console.id(one));
      const notPassed = checks.filter(({ status }) => status !== 'pass').map(({ key, status }) => `${key}: ${status}`);
      assert.deepEqual([ok, notPassed], [true, one.kind === 'prepared' ? [] : ['helper: warn']], one.name);
      const sample = await until('a sample', () => world.console.call('sample', world.console.id(one)), { timeoutMs: 20_000 });
      await until('a page through SSH', async () => (await world.console.call('sample', world.console.id(one)))?.source === 'ssh-metrics', {
        timeoutMs: 20_000,
      });
      assert.ok(sample.openFds !== null, 'fds are counted where the page does not tell them');
    }
  });

  test('fd-leak, from start to verdict on all three at once, with the console killed in the restart', {
    ...here,
    timeout: 240_000,
  }, async () => {
    const before = await Promise.all(world.hosts.hosts.map((one) => starts(world, one)));
    const id = await world.console.startRun(
      {
        runbook: 'fd-leak',
        selector: 'name~n*',
        strategy: { batches: ['100%'], maxParallel: 3, gates: 'auto', onInconclusive: 'continue', onFail: 'pause', maxFailed: 3 },
        params: { baselineSeconds: 30, watchSeconds: 30 },
      },
      { dieAt: 'restart' },
    );
    // theirs counts what it has lost as active, so that its judgement takes longer than these tests may: run.ts waits for it
    await world.console.call('skip', id, world.console.id(host(3)), 'watch', 'not in this time');
    await until('the console is gone', () => !world.console.alive(), { timeoutMs: 90_000 });
    await world.console.start();
    const run = await world.console.ended(id, 200_000);
    const why = told(run);
    const verdict = (name: string) => run.targets.find((t) => t.name === name)?.verdict;
    assert.equal(verdict('n1'), 'pass', `its pool leaked, and is off: ${why}`);
    assert.equal(verdict('n2'), 'fail', `it leaks whatever the pool does: ${why}`);
    assert.equal(verdict('n3'), 'inconclusive', `nothing is called fixed that was not judged: ${why}`);
    for (const [nth, one] of world.hosts.hosts.entries()) {
      assert.match(await configOf(world, one), /^ {2}enabled: false {3}# reuse/m, one.name);
      assert.equal((await starts(world, one)) - (before[nth] ?? 0), 1, `${one.name} was restarted once`);
    }
    const commands = (name: string) => stepOf(run, 'restart', name).evidence.map((e) => e.command ?? '');
    assert.ok(
      commands('n1').some((line) => line.includes('headroom-node restart')),
      'by the helper',
    );
    assert.ok(
      commands('n2').every((line) => !line.includes('headroom-node')),
      'by a script',
    );
    for (const name of ['n1', 'n2']) assert.match(stepOf(run, 'validate', name).summary, /says the proxy on the node/);
    assert.match(stepOf(run, 'validate', 'n3').summary, /no checker of its own/);
    assert.match(stepOf(run, 'arm-revert', 'n1').summary, /also across a reboot/);
    assert.match(stepOf(run, 'arm-revert', 'n2').summary, /unless it reboots/);
  });

  test('a staged rollout goes host by host; ours reload with the new setting and go on, theirs is restarted', {
    ...here,
    timeout: 120_000,
  }, async () => {
    const before = await Promise.all(world.hosts.hosts.map((one) => starts(world, one)));
    const id = await world.console.startRun({
      runbook: 'pool-reload',
      selector: 'name~n*',
      strategy: { batches: [1, '100%'], maxParallel: 2, gates: 'auto', onInconclusive: 'continue' },
      params: { enabled: true },
    });
    const run = await world.console.ended(id, 110_000);
    assert.equal(run.status, 'succeeded', told(run));
    const at = (name: string, key: string, when: 'startedAt' | 'finishedAt') => Date.parse(stepOf(run, key, name)[when] ?? '');
    for (const name of ['n2', 'n3'])
      assert.ok(at(name, 'preflight', 'startedAt') >= at('n1', 'record', 'finishedAt'), 'the canary came first');
    for (const [nth, one] of world.hosts.hosts.entries()) {
      assert.match(await configOf(world, one), /^ {2}enabled: true {3}# reuse/m);
      const restarts = (await starts(world, one)) - (before[nth] ?? 0);
      assert.equal(restarts, one.kind === 'foreign' ? 1 : 0, `${one.name}: ${told(run)}`);
    }
  });

  test('a full disk, sudo that refuses and a service that does not start, a host each', { ...here, timeout: 180_000 }, async () => {
    await Promise.all([FAULTS.diskFull.run(world, host(1)), FAULTS.sudoMissing.run(world, host(2)), FAULTS.unitFails.run(world, host(3))]);
  });

  test('a cut link, and a power cut with the console gone: both hosts put their config back by themselves', {
    timeout: 180_000,
  }, async () => {
    const [crashed, cut] = [host(1), host(2)];
    const ids = await Promise.all([changedAndWaiting(world, crashed), changedAndWaiting(world, cut)]);
    const before = await starts(world, cut);
    await world.hosts.fleet('partition', cut.i);
    const unreachable = async () => /down|blind/.test((await world.console.call('node', world.console.id(cut))).state);
    await until('the console says that the host is gone', unreachable, { timeoutMs: 60_000 });
    await world.console.kill();
    await world.hosts.fleet('crash', crashed.i);
    await world.hosts.fleet('start', crashed.i);
    await Promise.all([reverted(world, crashed), reverted(world, cut)]);
    await world.hosts.fleet('heal', cut.i);
    await world.console.start();
    for (const [nth, one] of [crashed, cut].entries()) {
      const run = await world.console.ended(ids[nth] ?? '', 60_000);
      assert.equal(run.status, 'rolled-back', told(run));
      assert.match(run.summary, /did not hear from the console in time/, one.name);
    }
    assert.equal((await starts(world, cut)) - before, 1, 'one restart, by the revert');
  });

  test('an edit by hand in between is neither overwritten nor restarted into', { ...here, timeout: 120_000 }, () =>
    FAULTS.editedByHand.run(world, host(2)),
  );

  test('a prepared host is upgraded with one restart; a bare one is given more open files without any', {
    ...here,
    timeout: 120_000,
  }, async () => {
    await Promise.all([UPGRADES.goodVersion.run(world, host(1)), LIMITS.theirs.run(world, host(2))]);
  });

  test('afterwards nothing of a run waits on any host', here, async () => {
    for (const one of world.hosts.hosts) {
      await putRight(world, one);
      assert.equal(
        await world.hosts.exec(one, `ls ${CONFIG.replace(/\/[^/]*$/, '')}/.headroom/*/deadline 2>/dev/null || true`),
        '',
        one.name,
      );
      const timers = await world.hosts.exec(one, 'systemctl list-timers --no-legend headroom-revert*');
      assert.equal(timers, '', one.name);
    }
  });
});
