import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { fakeNode, setFact } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';

const sha = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');
const read = (file: string) => fs.readFileSync(file);
const coded = (code: string, words?: RegExp) => (error: unknown) => {
  assert.ok(isHeadroomError(error), String(error));
  assert.equal(error.code, code, error.message);
  if (words) assert.match(error.message, words);
  return true;
};
function setUp(t: TestContext, options: Parameters<typeof fakeNode>[1] = {}) {
  const node = fakeNode(t, options);
  const ops = createNodeOps(localSsh({ env: node.env }), systemClock, { helperPath: node.helperPath });
  return { node, ops, member: node.member };
}

/** A node on which /bin/sh is another shell; with busybox every tool but flock is its own too. */
function setUpShell(t: TestContext, shell: string) {
  const node = fakeNode(t);
  if (shell !== '/bin/busybox')
    return { node, member: node.member, ops: createNodeOps(localSsh({ env: node.env, sh: shell }), systemClock) };
  const applets = path.join(node.dir, 'applets');
  fs.mkdirSync(applets);
  spawnSync('/bin/busybox', ['--install', '-s', applets]);
  for (const own of ['systemctl', 'systemd-run', 'journalctl']) fs.rmSync(path.join(applets, own), { force: true });
  fs.symlinkSync('/usr/bin/flock', path.join(applets, 'flock'));
  node.env.PATH = `${path.join(node.dir, 'bin')}:${applets}`;
  return { node, member: node.member, ops: createNodeOps(localSsh({ env: node.env, sh: path.join(applets, 'sh') }), systemClock) };
}

/** The node says its time in whole seconds. */
const SECOND_MS = 1000;

for (const shell of ['/bin/dash', '/bin/bash', '/bin/busybox']) {
  describe(`node scripts with ${shell}`, { skip: !fs.existsSync(shell) && `${shell} is not installed` }, () => {
    test('a probe counts the fds, limit, start and config hash of the main process', async (t) => {
      const { node, ops, member } = setUpShell(t, shell);
      const asked = Date.now();
      const { value, receipt } = await ops.probe(member, { sockets: false });
      const answered = Date.now();
      const pid = node.mainPid();
      assert.equal(value.mainPid, pid);
      assert.equal(value.openFds, fs.readdirSync(`/proc/${pid}/fd`).length);
      assert.equal(value.fdSoftLimit, Number(/^Max open files\s+(\d+)/m.exec(String(read(`/proc/${pid}/limits`)))?.[1]));
      assert.ok(value.processStartMs !== null && Math.abs(value.processStartMs - Date.now()) < 60_000, `started ${value.processStartMs}`);
      assert.equal(value.comm, 'sleep');
      assert.equal(value.activeState, 'active');
      assert.equal(value.configSha256, sha(read(node.configPath)));
      assert.ok(value.nodeClockMs > asked - SECOND_MS && value.nodeClockMs < answered + SECOND_MS, `its clock says ${value.nodeClockMs}`);
      assert.match(receipt.command, /systemctl show sniproxy/);
    });

    test('read, back up, edit and restart leave exactly the new bytes, the old mode and one restart', async (t) => {
      const { node, ops, member } = setUpShell(t, shell);
      const before = read(node.configPath);
      const { value: config } = await ops.readConfig(member);
      assert.ok(config.bytes.equals(before));
      assert.equal(config.mode, '640');
      const bytes = Buffer.from(String(before).replace('true', 'false'));
      const backup = await ops.backupConfig(member, { runId: 'r_1', expectedSha256: config.sha256 });
      assert.ok(read(backup.value.path).equals(before));
      assert.deepEqual((await ops.writeConfig(member, { runId: 'r_1', bytes, expectedSha256: config.sha256 })).value, { written: true });
      assert.ok(read(node.configPath).equals(bytes));
      assert.equal(fs.statSync(node.configPath).mode & 0o777, 0o640);
      assert.deepEqual((await ops.writeConfig(member, { runId: 'r_1', bytes, expectedSha256: config.sha256 })).value, { written: false });
      await ops.backupConfig(member, { runId: 'r_1', expectedSha256: config.sha256 });
      assert.ok(read(backup.value.path).equals(before), 'the backup is still the old file');
      assert.deepEqual((await ops.restart(member, { runId: 'r_1', mode: 'restart' })).value, { acted: true });
      assert.deepEqual((await ops.restart(member, { runId: 'r_1', mode: 'restart' })).value, { acted: false });
      assert.deepEqual(node.jobs(), ['restart']);
      assert.deepEqual(fs.readdirSync(path.dirname(node.configPath)).sort(), ['.headroom', 'config.yaml'], 'no temporary file is left');
    });

    test('arm, extend and disarm move one deadline and end without a revert', async (t) => {
      const { node, ops, member } = setUpShell(t, shell);
      const { value: config } = await ops.readConfig(member);
      await ops.backupConfig(member, { runId: 'r_1', expectedSha256: config.sha256 });
      const asked = Date.now();
      const armed = await ops.armRevert(member, { runId: 'r_1', seconds: 60 });
      const untilMs = armed.value.deadline - 60_000;
      assert.ok(untilMs > asked - SECOND_MS && untilMs < Date.now() + SECOND_MS, `until ${armed.value.deadline}`);
      assert.deepEqual(node.timers(), ['headroom-revert-r_1.timer']);
      const extended = await ops.extendRevert(member, { runId: 'r_1', seconds: 120 });
      assert.equal(extended.value.state, 'armed');
      assert.ok((extended.value.deadline ?? 0) > armed.value.deadline + 50_000);
      assert.equal((await ops.revertState(member, { runId: 'r_1' })).value.state, 'armed');
      node.tick('headroom-revert-r_1.timer');
      assert.deepEqual(node.jobs(), []);
      assert.equal((await ops.disarmRevert(member, { runId: 'r_1' })).value.state, 'disarmed');
      assert.equal((await ops.disarmRevert(member, { runId: 'r_1' })).value.state, 'disarmed');
      assert.deepEqual(node.timers(), []);
      assert.equal((await ops.extendRevert(member, { runId: 'r_1', seconds: 60 })).value.state, 'disarmed');
      assert.equal((await ops.revertState(member, { runId: 'r_1' })).value.state, 'disarmed');
    });
  });
}

for (const prepared of [false, true]) {
  const kind = prepared ? 'prepared' : 'bare';
  describe(`config files on a ${kind} node`, () => {
    test('a file that changed meanwhile is not written', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      const { value } = await ops.readConfig(member);
      fs.appendFileSync(node.configPath, '# by hand\n');
      const mine = { runId: 'r_1', bytes: Buffer.from('a: 1\n'), expectedSha256: value.sha256 };
      await assert.rejects(ops.writeConfig(member, mine), coded('config.changed', /sha256 is now [0-9a-f]{64}/));
      await assert.rejects(ops.backupConfig(member, mine), coded('config.changed'));
      assert.match(String(read(node.configPath)), /# by hand\n$/);
    });

    test('a symlinked config.yaml stays a link, and the file behind it changes', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      const real = path.join(node.dir, 'real.yaml');
      fs.renameSync(node.configPath, real);
      fs.symlinkSync(real, node.configPath);
      const { value } = await ops.readConfig(member);
      await ops.writeConfig(member, { runId: 'r_1', bytes: Buffer.from('a: 1\n'), expectedSha256: value.sha256 });
      assert.ok(fs.lstatSync(node.configPath).isSymbolicLink());
      assert.equal(String(read(real)), 'a: 1\n');
    });

    test('bytes of every value come and go unchanged, an empty file too', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      const every = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));
      for (const bytes of [every, Buffer.alloc(0), Buffer.from('@headroom\nmeta=1 2 3 4\n')]) {
        const { value: before } = await ops.readConfig(member);
        await ops.writeConfig(member, { runId: 'r_1', bytes, expectedSha256: before.sha256 });
        assert.ok(read(node.configPath).equals(bytes));
        assert.ok((await ops.readConfig(member)).value.bytes.equals(bytes));
      }
    });

    test('1 MiB passes, one byte more is refused', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      fs.writeFileSync(node.configPath, Buffer.alloc(1024 * 1024, 'a'));
      const { value } = await ops.readConfig(member);
      assert.equal(value.bytes.length, 1024 * 1024);
      await ops.writeConfig(member, { runId: 'r_1', bytes: Buffer.alloc(1024 * 1024, 'b'), expectedSha256: value.sha256 });
      fs.appendFileSync(node.configPath, 'x');
      await assert.rejects(ops.readConfig(member), coded('config.invalid', /1 MiB/));
    });

    test('a missing file is said to be missing', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      fs.rmSync(node.configPath);
      await assert.rejects(ops.readConfig(member), coded('config.not-found', /config\.yaml/));
      assert.equal((await ops.probe(member)).value.configSha256, null);
    });

    test('odd paths are words, not programs', async (t) => {
      const { node, ops, member } = setUp(t, { prepared, dirName: `a 'b" $(touch pwned) \`id\` ; &` });
      const { value } = await ops.readConfig(member);
      await ops.backupConfig(member, { runId: 'r_1', expectedSha256: value.sha256 });
      await ops.writeConfig(member, { runId: 'r_1', bytes: Buffer.from('a: 1\n'), expectedSha256: value.sha256 });
      assert.equal(String(read(node.configPath)), 'a: 1\n');
      assert.ok(!fs.existsSync('pwned'));
    });

    test('a full disk leaves the old file and no temporary one', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      const { value } = await ops.readConfig(member);
      // the shell's own file size limit stands in for a disk without room: writes fail half-way just so
      const narrow = createNodeOps(
        localSsh({ env: node.env, shell: ['/bin/dash', '-c', 'ulimit -f 8; exec /bin/dash "$@"', 'dash'] }),
        systemClock,
        { helperPath: node.helperPath },
      );
      const bytes = Buffer.alloc(200_000, '#');
      await assert.rejects(narrow.writeConfig(member, { runId: 'r_1', bytes, expectedSha256: value.sha256 }), coded('ssh.command-failed'));
      assert.equal(sha(read(node.configPath)), value.sha256);
      assert.deepEqual(fs.readdirSync(path.dirname(node.configPath)).sort(), ['.headroom', 'config.yaml']);
    });

    test('validate says whether the node has a checker, and what it said', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      assert.deepEqual((await ops.validateConfig(member)).value, { known: true, ok: true, output: 'config.yaml is valid' });
      fs.writeFileSync(node.configPath, 'broken');
      assert.deepEqual((await ops.validateConfig(member)).value, { known: true, ok: false, output: 'config.yaml:1: broken' });
      fs.rmSync(path.join(node.dir, 'bin', 'sniproxy-server'));
      assert.deepEqual((await ops.validateConfig(member)).value, { known: false, ok: false, output: '' });
    });

    test('the past of the file: when it was changed, by which sudo command perhaps, and what runs have kept', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      const before = (await ops.readConfig(member)).value;
      await ops.backupConfig(member, { runId: 'r_1', expectedSha256: before.sha256 });
      await ops.armRevert(member, { runId: 'r_1', seconds: 60 });
      await ops.disarmRevert(member, { runId: 'r_1' });
      fs.appendFileSync(node.configPath, '# by hand\n');
      fs.utimesSync(node.configPath, 1_700_000_000, 1_700_000_000);
      const vim = `     ada : TTY=pts/0 ; PWD=/home/ada ; USER=root ; COMMAND=/usr/bin/vim ${node.configPath}`;
      setFact(node, 'sudo', `     bob : PWD=/ ; USER=root ; COMMAND=/usr/bin/apt-get update\n${vim}\nsession opened\n`);
      const { value } = await ops.history(member);
      assert.equal(value.sha256, sha(read(node.configPath)));
      assert.ok(Math.abs((value.changedAt ?? 0) - 1_700_000_000_000) < 5000);
      assert.deepEqual(value.suspects, [{ user: 'ada', command: `/usr/bin/vim ${node.configPath}` }]);
      assert.deepEqual(
        value.kept.map(({ opsId, state, sha256 }) => ({ opsId, state, sha256 })),
        [{ opsId: 'r_1', state: 'disarmed', sha256: before.sha256 }],
      );
    });

    test('the journal comes as lines', async (t) => {
      const { ops, member } = setUp(t, { prepared });
      const { value } = await ops.journal(member, { sinceMs: Date.now() - 60_000, lines: 10 });
      assert.deepEqual(value.lines.length, 2);
      assert.match(value.lines[1] ?? '', /unit sniproxy$/);
    });
  });

  test(`on a ${kind} node a state dir that another user prepared is not used: what lies there is run as root`, {
    skip: process.getuid?.() !== 0,
  }, async (t) => {
    const { node, ops, member } = setUp(t, { prepared });
    const { value } = await ops.readConfig(member);
    const base = path.join(path.dirname(node.configPath), '.headroom');
    const mine = { runId: 'r_1', expectedSha256: value.sha256 };
    fs.mkdirSync(base);
    fs.chownSync(base, 65_534, 65_534);
    await assert.rejects(ops.backupConfig(member, mine), coded('ssh.command-failed', /belongs to another user/));
    fs.rmdirSync(base);
    fs.symlinkSync('/tmp', base);
    await assert.rejects(ops.restart(member, { runId: 'r_1', mode: 'restart' }), coded('ssh.command-failed', /belongs to another user/));
    assert.deepEqual(node.jobs(), []);
  });

  describe(`a ${kind} node restarts exactly once`, () => {
    test('many at once restart once', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      await ops.probe(member);
      const results = await Promise.all(Array.from({ length: 8 }, () => ops.restart(member, { runId: 'r_1', mode: 'restart' })));
      assert.equal(results.filter((r) => r.value.acted).length, 1);
      assert.deepEqual(node.jobs(), ['restart']);
    });

    test('a failed restart is told, and not tried again by the same run', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      setFact(node, 'fails', '1');
      await assert.rejects(
        ops.restart(member, { runId: 'r_1', mode: 'restart' }),
        coded('ssh.command-failed', /Job for sniproxy\.service failed/),
      );
      assert.equal((await ops.restart(member, { runId: 'r_1', mode: 'restart' })).value.acted, false);
      assert.deepEqual(node.jobs(), ['restart']);
    });

    test('reload is a job of its own', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      await ops.restart(member, { runId: 'r_1', mode: 'reload' });
      await ops.restart(member, { runId: 'r_1', mode: 'reload' });
      await ops.restart(member, { runId: 'r_1', mode: 'restart' });
      assert.deepEqual(node.jobs(), ['reload', 'restart']);
    });

    for (const [when, found] of [
      ['before the service manager was asked', { before: true, restarted: false, acts: true }],
      ['before it noted the process', { before: false, restarted: false, acts: true }],
      ['after the service was restarted', { before: true, restarted: true, acts: false }],
    ] as const) {
      test(`a restart that was cut off ${when} is ${found.acts ? 'done' : 'not done again'}`, async (t) => {
        const { node, ops, member } = setUp(t, { prepared });
        const marker = node.state('r_1', 'restart');
        fs.mkdirSync(marker, { recursive: true });
        if (found.before) fs.writeFileSync(path.join(marker, 'before'), `${found.restarted ? 999_999 : node.mainPid()}\n`);
        assert.equal((await ops.restart(member, { runId: 'r_1', mode: 'restart' })).value.acted, found.acts);
        assert.deepEqual(node.jobs(), found.acts ? ['restart'] : []);
      });
    }

    test('a restart of this run that still goes on is waited for', async (t) => {
      const { node, ops, member } = setUp(t, { prepared });
      setFact(node, 'slow', '1');
      await ops.probe(member);
      const [first, second] = await Promise.all([1, 2].map(() => ops.restart(member, { runId: 'r_1', mode: 'restart' })));
      assert.deepEqual([first?.value.acted, second?.value.acted].sort(), [false, true]);
      assert.deepEqual(node.jobs(), ['restart']);
    });
  });
}
