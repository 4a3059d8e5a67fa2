import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { type FakeNode, fakeNode, jobsDone, setFact } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';
import { until } from '#test/support/until.ts';

const RUN = { runId: 'r_1' };
const read = (file: string) => fs.readFileSync(file, 'utf8');
const coded = (code: string, words?: RegExp) => (error: unknown) => {
  assert.ok(isHeadroomError(error), String(error));
  assert.equal(error.code, code, error.message);
  if (words) assert.match(error.message, words);
  return true;
};

const opsOf = (node: FakeNode) => createNodeOps(localSsh({ env: node.env }), systemClock, { helperPath: node.helperPath });

/** A node whose config was edited and whose service was restarted under an armed revert. */
async function changed(t: TestContext, { restarted = true, edited = true, prepared = false } = {}) {
  const node = fakeNode(t, { prepared });
  const ops = opsOf(node);
  const TIMER = node.revertTimer(RUN.runId);
  const member = node.member;
  const before = read(node.configPath);
  const { value } = await ops.readConfig(member);
  await ops.backupConfig(member, { ...RUN, expectedSha256: value.sha256 });
  await ops.armRevert(member, { ...RUN, seconds: 600 });
  const bytes = Buffer.from(before.replace('true', 'false'));
  if (edited) await ops.writeConfig(member, { ...RUN, bytes, expectedSha256: value.sha256 });
  if (restarted) await ops.restart(member, { ...RUN, mode: 'restart' });
  /** time passes: the deadline lies in the past */
  const pass = () => fs.writeFileSync(node.state(RUN.runId, 'deadline'), `${Math.floor(Date.now() / 1000) - 1}\n`);
  const state = async () => (await ops.revertState(member, RUN)).value.state;
  return { node, ops, member, before, pass, state, TIMER };
}

/** The revert's program, whatever became of its timer. */
const fire = (node: FakeNode) =>
  new Promise((resolve) =>
    (fs.existsSync(node.helperPath)
      ? spawn(node.helperPath, ['fire'], { env: node.env, stdio: 'ignore' })
      : spawn('/bin/sh', [node.state(RUN.runId, 'revert.sh')], { env: node.env, stdio: 'ignore' })
    ).once('exit', resolve),
  );

for (const prepared of [false, true]) {
  const kind = prepared ? 'prepared' : 'bare';
  describe(`a ${kind} node that waits for the console`, () => {
    test('restores its bytes and restarts once when the deadline is over', async (t) => {
      const { node, before, pass, state, TIMER } = await changed(t, { prepared });
      node.tick(TIMER);
      assert.deepEqual(node.jobs(), ['restart'], 'not before the deadline');
      pass();
      assert.equal(await state(), 'reverting', 'the deadline is the node’s own once it is over');
      const pid = node.mainPid();
      assert.equal(node.tick(TIMER).status, 0);
      assert.equal(read(node.configPath), before);
      assert.equal(fs.statSync(node.configPath).mode & 0o777, 0o640);
      assert.deepEqual(node.jobs(), ['restart', 'restart']);
      assert.notEqual(node.mainPid(), pid);
      assert.equal(await state(), 'reverted');
      assert.deepEqual(node.timers(), [], 'its timer is gone');
    });

    test('restores through a symlink, and keeps what it overwrote', async (t) => {
      const { node, before, pass, TIMER } = await changed(t, { prepared });
      const real = `${node.dir}/real.yaml`;
      fs.renameSync(node.configPath, real);
      fs.symlinkSync(real, node.configPath);
      fs.appendFileSync(real, '# by hand\n');
      pass();
      node.tick(TIMER);
      assert.equal(read(real), before);
      assert.ok(fs.lstatSync(node.configPath).isSymbolicLink());
      assert.match(read(node.state(RUN.runId, 'overwritten.yaml')), /# by hand/);
    });

    test('has nothing to undo when the run changed nothing', async (t) => {
      const { node, pass, state, TIMER } = await changed(t, { restarted: false, edited: false, prepared });
      pass();
      node.tick(TIMER);
      assert.deepEqual(node.jobs(), []);
      assert.equal(await state(), 'reverted');
    });

    test('leaves a file that the run never wrote as people have it, and the service alone', async (t) => {
      const { node, before, pass, state, TIMER } = await changed(t, { restarted: false, edited: false, prepared });
      fs.appendFileSync(node.configPath, '# by hand\n');
      pass();
      node.tick(TIMER);
      assert.equal(read(node.configPath), `${before}# by hand\n`);
      assert.deepEqual(node.jobs(), []);
      assert.equal(await state(), 'reverted');
    });

    test('takes back an edit by hand that the run was told of', async (t) => {
      const { node, ops, member, before, pass, TIMER } = await changed(t, { restarted: false, edited: false, prepared });
      fs.writeFileSync(node.configPath, before.replace('true', 'false'));
      const { value } = await ops.readConfig(member);
      const own = { ...RUN, bytes: value.bytes, expectedSha256: value.sha256 };
      assert.deepEqual((await ops.writeConfig(member, own)).value, { written: false });
      pass();
      node.tick(TIMER);
      assert.equal(read(node.configPath), before);
      assert.deepEqual(node.jobs(), ['restart']);
    });

    test('restarts after an edit that was never restarted, too', async (t) => {
      const { node, before, pass, TIMER } = await changed(t, { restarted: false, prepared });
      pass();
      node.tick(TIMER);
      assert.equal(read(node.configPath), before);
      assert.deepEqual(node.jobs(), ['restart']);
    });

    test('does not act again, however often the timer fires', async (t) => {
      const { node, pass } = await changed(t, { prepared });
      pass();
      await Promise.all(Array.from({ length: 6 }, () => fire(node)));
      fs.writeFileSync(node.configPath, 'a person went on\n');
      await fire(node);
      assert.deepEqual(node.jobs(), ['restart', 'restart']);
      assert.equal(read(node.configPath), 'a person went on\n');
    });

    test('restores on a full disk by moving the backup itself', async (t) => {
      const { node, before, pass, state, TIMER } = await changed(t, { prepared });
      fs.rmSync(`${node.dir}/facts/jobs`);
      pass();
      // no byte can be written any more; making and renaming files still works
      node.tick(TIMER, "trap '' XFSZ; ulimit -S -f 0");
      assert.equal(read(node.configPath), before);
      assert.equal(await state(), 'reverted');
      assert.deepEqual(node.jobs(), ['restart']);
    });

    test('reverts although the service cannot be started', async (t) => {
      const { node, before, pass, state, TIMER } = await changed(t, { prepared });
      setFact(node, 'fails', '1');
      pass();
      node.tick(TIMER);
      assert.equal(read(node.configPath), before);
      assert.equal(await state(), 'reverted');
    });
  });

  describe(`console against a ${kind} node`, () => {
    test('an extension or disarm that comes after the deadline is told so and changes nothing', async (t) => {
      const { node, ops, member, before, pass, TIMER } = await changed(t, { prepared });
      pass();
      assert.equal((await ops.extendRevert(member, { ...RUN, seconds: 60 })).value.state, 'reverting');
      assert.equal((await ops.disarmRevert(member, RUN)).value.state, 'reverting');
      node.tick(TIMER);
      assert.equal((await ops.extendRevert(member, { ...RUN, seconds: 60 })).value.state, 'reverted');
      assert.equal((await ops.disarmRevert(member, RUN)).value.state, 'reverted');
      await assert.rejects(ops.armRevert(member, { ...RUN, seconds: 60 }), coded('ssh.command-failed', /reverted already/));
      assert.equal(read(node.configPath), before);
    });

    test('after a revert nothing of that run touches the node', async (t) => {
      const { node, ops, member, before, pass, TIMER } = await changed(t, { prepared });
      pass();
      node.tick(TIMER);
      const { value } = await ops.readConfig(member);
      const again = { ...RUN, bytes: Buffer.from('a: 1\n'), expectedSha256: value.sha256 };
      await assert.rejects(ops.writeConfig(member, again), coded('ssh.command-failed', /restored its own config/));
      await assert.rejects(ops.restart(member, { ...RUN, mode: 'reload' }), coded('ssh.command-failed', /restored its own config/));
      assert.equal(read(node.configPath), before);
      assert.deepEqual(node.jobs(), ['restart', 'restart']);
    });

    test('after disarming the timer does nothing, also one that was about to fire', async (t) => {
      const { node, ops, member } = await changed(t, { prepared });
      await ops.disarmRevert(member, RUN);
      await fire(node);
      assert.deepEqual(node.jobs(), ['restart']);
      await assert.rejects(ops.armRevert(member, { ...RUN, seconds: 60 }), coded('ssh.command-failed', /disarmed already/));
    });

    test('extend, disarm and fire at the same moment end in exactly one of them', async (t) => {
      for (let round = 0; round < 6; round++) {
        const { node, ops, member, before, state } = await changed(t, { prepared });
        // the deadline is this very second: who comes first wins
        fs.writeFileSync(node.state(RUN.runId, 'deadline'), `${Math.floor(Date.now() / 1000) + (round % 2)}\n`);
        const [, disarmed] = await Promise.all([
          fire(node),
          ops.disarmRevert(member, RUN),
          ops.extendRevert(member, { ...RUN, seconds: 0 }),
          fire(node),
        ]);
        if (disarmed.value.state === 'disarmed') {
          assert.equal(await state(), 'disarmed');
          await fire(node);
          assert.deepEqual(node.jobs(), ['restart'], 'a disarmed node is left alone');
          assert.notEqual(read(node.configPath), before);
        } else {
          await until('the node reverts', async () => {
            await fire(node);
            return (await state()) === 'reverted';
          });
          assert.equal(read(node.configPath), before);
          assert.deepEqual(node.jobs(), ['restart', 'restart']);
        }
      }
    });

    test('a lost timer, as after a reboot, is started again by an extension', async (t) => {
      const { node, ops, member, pass, TIMER } = await changed(t, { prepared });
      pass();
      fs.rmSync(`${node.dir}/facts/timers/${TIMER}`);
      assert.equal((await ops.revertState(member, RUN)).value.state, 'armed');
      assert.equal((await ops.extendRevert(member, { ...RUN, seconds: 60 })).value.state, 'armed');
      assert.deepEqual(node.timers(), [TIMER]);
    });

    test('without a backup or a timer nothing is armed', async (t) => {
      const node = fakeNode(t, { prepared });
      const ops = opsOf(node);
      await assert.rejects(ops.armRevert(node.member, { ...RUN, seconds: 60 }), coded('ssh.command-failed', /no backup/));
      const { value } = await ops.readConfig(node.member);
      await ops.backupConfig(node.member, { ...RUN, expectedSha256: value.sha256 });
      setFact(node, 'no-timers', '1');
      await assert.rejects(ops.armRevert(node.member, { ...RUN, seconds: 60 }), coded('ssh.command-failed', /cannot start the timer/));
      assert.equal((await ops.revertState(node.member, RUN)).value.state, 'gone');
    });

    test('a run that the node never heard of is gone, and disarming it is done', async (t) => {
      const node = fakeNode(t, { prepared });
      const ops = opsOf(node);
      assert.equal((await ops.revertState(node.member, RUN)).value.state, 'gone');
      assert.equal((await ops.extendRevert(node.member, { ...RUN, seconds: 60 })).value.state, 'gone');
      assert.equal((await ops.disarmRevert(node.member, RUN)).value.state, 'disarmed');
    });
  });
}

describe('killed half-way', () => {
  // the points between two commands of the revert at which a power cut or SIGKILL may come
  for (const point of ['flock', 'mv', 'readlink', 'cmp', 'cp', 'mktemp', 'sync', 'systemctl']) {
    test(`a revert that dies at each ${point} is finished by the next tick, with one restart`, async (t) => {
      for (let nth = 1; nth <= 6; nth++) {
        const { node, before, pass, state, TIMER } = await changed(t);
        pass();
        // the nth call of that command kills the program before it does its work
        const real =
          point === 'systemctl'
            ? `${node.dir}/bin/systemctl.real`
            : (['/usr/bin', '/bin'].map((dir) => `${dir}/${point}`).find((file) => fs.existsSync(file)) ?? point);
        const wrapper = `${node.dir}/bin/${point}`;
        if (point === 'systemctl') fs.renameSync(wrapper, real);
        fs.writeFileSync(
          wrapper,
          `#!/bin/sh\necho x >> '${node.dir}/calls'\n[ "$(wc -l < '${node.dir}/calls')" = ${nth} ] && kill -9 $PPID && exit 1\nexec ${real} "$@"\n`,
          { mode: 0o755 },
        );
        const first = node.tick(TIMER);
        fs.writeFileSync(wrapper, `#!/bin/sh\nexec ${real} "$@"\n`);
        for (let again = 0; again < 3 && node.timers().length > 0; again++) node.tick(TIMER);
        assert.equal(await state(), 'reverted', `${point} ${nth}`);
        assert.equal(read(node.configPath), before, `${point} ${nth}`);
        assert.deepEqual(node.jobs(), ['restart', 'restart'], `${point} ${nth}`);
        if (first.signal === null) return;
      }
    });
  }

  test('a console command that dies between two of its own leaves the node in a state that the next one handles', async (t) => {
    const node = fakeNode(t);
    const before = read(node.configPath);
    const good = createNodeOps(localSsh({ env: node.env }), systemClock);
    const { value } = await good.readConfig(node.member);
    const bytes = Buffer.from(before.replace('true', 'false'));
    let cuts = 0;
    for (let round = 0; round < 40; round++) {
      const dying = createNodeOps(
        localSsh({
          env: node.env,
          spawned: (child) => {
            const timer = setTimeout(() => child.pid && killGroup(child.pid), 2 + round * 3);
            child.once('exit', () => clearTimeout(timer));
          },
        }),
        systemClock,
      );
      const each = async (work: () => Promise<unknown>) => {
        await work().catch(() => cuts++);
        await until('the service manager is done', () => jobsDone(node));
      };
      await each(() => dying.backupConfig(node.member, { ...RUN, expectedSha256: value.sha256 }));
      await each(() => dying.armRevert(node.member, { ...RUN, seconds: 60 }));
      await each(() => dying.writeConfig(node.member, { ...RUN, bytes, expectedSha256: value.sha256 }));
      await each(() => dying.restart(node.member, { ...RUN, mode: 'restart' }));
      assert.ok([before, bytes.toString()].includes(read(node.configPath)), 'the file is the old or the new one, never a part');
    }
    assert.ok(cuts > 0, 'some commands were cut off');
    await good.backupConfig(node.member, { ...RUN, expectedSha256: value.sha256 });
    await good.armRevert(node.member, { ...RUN, seconds: 60 });
    await good.writeConfig(node.member, { ...RUN, bytes, expectedSha256: value.sha256 });
    await good.restart(node.member, { ...RUN, mode: 'restart' });
    assert.equal(read(node.configPath), bytes.toString());
    assert.deepEqual(node.jobs(), ['restart']);
    assert.equal((await good.disarmRevert(node.member, RUN)).value.state, 'disarmed');
  });
});

function killGroup(pid: number) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ended meanwhile
  }
}
