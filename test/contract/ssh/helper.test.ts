import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { helperProgram } from '#server/ssh/scripts/helper.ts';
import { type FakeNode, fakeNode } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';

// What only a prepared node has: a program that root owns and that trusts nobody's arguments.

const RUN = { runId: 'r_1' };
const opsOf = (node: FakeNode) => createNodeOps(localSsh({ env: node.env }), systemClock, { helperPath: node.helperPath });
const call = (node: FakeNode, ...args: string[]) =>
  spawnSync(node.helperPath, args, { env: node.env, encoding: 'utf8', timeout: 20_000, input: 'new: bytes\n' });
const later = () => String(Date.now() + 60_000);

async function armed(t: TestContext, { prepared = true } = {}) {
  const node = fakeNode(t, { prepared });
  const ops = opsOf(node);
  const { value } = await ops.readConfig(node.member);
  await ops.backupConfig(node.member, { ...RUN, expectedSha256: value.sha256 });
  const { survivesReboot } = (await ops.armRevert(node.member, { ...RUN, seconds: 600 })).value;
  const bytes = Buffer.from(value.bytes.toString().replace('true', 'false'));
  await ops.writeConfig(node.member, { ...RUN, bytes, expectedSha256: value.sha256 });
  return { node, ops, before: value.bytes.toString(), survivesReboot };
}

test('deploy/headroom-node is what the scripts make of it', () => {
  const file = path.resolve(import.meta.dirname, '../../../deploy/headroom-node');
  assert.equal(fs.readFileSync(file, 'utf8'), helperProgram(), 'run node deploy/write-headroom-node.ts');
  assert.equal(fs.statSync(file).mode & 0o111, 0o111);
});

test('a prepared node is driven by its helper, a bare one by scripts; each receipt says which', async (t) => {
  for (const prepared of [true, false]) {
    const { node, ops, survivesReboot } = await armed(t, { prepared });
    assert.equal(survivesReboot, prepared, 'only the timer that starts with the machine survives a reboot');
    const { receipt } = await ops.restart(node.member, { ...RUN, mode: 'restart' });
    assert.equal(/headroom-node restart sniproxy/.test(receipt.command), prepared, receipt.command);
    assert.equal(fs.existsSync(node.state(RUN.runId, 'revert.sh')), !prepared, 'no program lies where a run could change it');
  }
});

test('a node whose helper is taken away in between is driven by scripts from then on', async (t) => {
  const { node, ops } = await armed(t);
  fs.rmSync(node.helperPath);
  assert.deepEqual((await ops.restart(node.member, { ...RUN, mode: 'restart' })).value, { acted: true });
  assert.deepEqual(node.jobs(), ['restart']);
});

describe('the helper refuses', () => {
  const hash = 'a'.repeat(64);
  const cases: [what: string, args: (node: FakeNode) => string[], words: RegExp][] = [
    ['a service that is not listed', (n) => ['restart', 'sshd', n.configPath, later(), 'r_1'], /not the console's/],
    ['a file that is not listed', () => ['read', 'sniproxy', '/etc/shadow', '1000'], /not the console's/],
    ['a run that is a path', (n) => ['write', 'sniproxy', n.configPath, later(), '../../etc', hash, hash], /a run is named by letters/],
    ['a time that is no number', (n) => ['restart', 'sniproxy', n.configPath, '$(id)', 'r_1'], /must be a number/],
    ['a hash that is none', (n) => ['backup', 'sniproxy', n.configPath, later(), 'r_1', 'x'], /64 hex digits/],
    ['an argument too many', (n) => ['read', 'sniproxy', n.configPath, '1000', '--help'], /takes 1 arguments, and got 2/],
    ['an argument too few', (n) => ['restart', 'sniproxy', n.configPath], /takes 2 arguments, and got 0/],
    ['a verb of its functions', (n) => ['put_back', 'sniproxy', n.configPath], /there is no verb put_back/],
    ['an option', (n) => ['-c', 'sniproxy', n.configPath], /there is no verb -c/],
    [
      'a limit that is no number',
      (n) => ['set-limit', 'sniproxy', n.configPath, later(), 'r_1', '1', '1;reboot', 'once'],
      /must be a number/,
    ],
    ['what came too late', (n) => ['restart', 'sniproxy', n.configPath, '1000', 'r_1'], /too late/],
  ];
  for (const [what, args, words] of cases) {
    test(what, (t) => {
      const node = fakeNode(t, { prepared: true });
      const before = fs.readFileSync(node.configPath, 'utf8');
      const { status, stderr } = call(node, ...args(node));
      assert.notEqual(status, 0);
      assert.match(stderr, words);
      assert.deepEqual(node.jobs(), []);
      assert.equal(fs.readFileSync(node.configPath, 'utf8'), before);
    });
  }

  test('a config.yaml in a folder where others than root may write, also behind a link', { skip: process.getuid?.() !== 0 }, async (t) => {
    const node = fakeNode(t, { prepared: true });
    const folder = path.dirname(node.configPath);
    for (const [uid, mode] of [
      [65_534, 0o755],
      [0, 0o777],
    ] as const) {
      fs.chownSync(folder, uid, 0);
      fs.chmodSync(folder, mode);
      const { status, stderr } = call(node, 'read', 'sniproxy', node.configPath, '1000');
      assert.notEqual(status, 0);
      assert.match(stderr, new RegExp(`others than root may write in ${folder}`));
    }
    fs.chownSync(folder, 0, 0);
    fs.chmodSync(folder, 0o755);
    const open = path.join(node.dir, 'open');
    fs.mkdirSync(open);
    fs.renameSync(node.configPath, path.join(open, 'config.yaml'));
    fs.symlinkSync(path.join(open, 'config.yaml'), node.configPath);
    assert.equal(call(node, 'read', 'sniproxy', node.configPath, '1000').status, 0);
    fs.chownSync(open, 65_534, 65_534);
    assert.match(call(node, 'read', 'sniproxy', node.configPath, '1000').stderr, /others than root may write in .*open/);
    const { checks } = await opsOf(node).selfTest(node.member);
    assert.match(checks.find((check) => check.key === 'helper')?.detail ?? '', /others than root may write/);
  });
});

describe('a deadline', () => {
  const [ago, ahead] = [-3600, 3600];
  /** the file as another moment left it: seconds from now, this boot or another, age of the machine then, seconds granted */
  function left(node: FakeNode, o: { clock: number; sameBoot: boolean; age: number; granted: number }) {
    const boot = o.sameBoot ? fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : 'another';
    fs.writeFileSync(node.state(RUN.runId, 'deadline'), `${Math.floor(Date.now() / 1000) + o.clock} ${boot} ${o.age} ${o.granted}\n`);
  }
  const cases: [name: string, file: Parameters<typeof left>[1], fires: boolean][] = [
    ['of this boot waits although the clock jumped past it', { clock: ago, sameBoot: true, age: 1e9, granted: 60 }, false],
    [
      'of this boot is over by the machine’s age although the clock was set back',
      { clock: ahead, sameBoot: true, age: 0, granted: 60 },
      true,
    ],
    ['of an earlier boot is over by the clock', { clock: ago, sameBoot: false, age: 1e9, granted: 1e9 }, true],
    [
      'of an earlier boot is over after as many seconds as were granted, when the clock lost its time',
      { clock: ahead, sameBoot: false, age: 1e9, granted: 0 },
      true,
    ],
    ['of an earlier boot waits while neither is over', { clock: ahead, sameBoot: false, age: 0, granted: 1e9 }, false],
  ];
  for (const prepared of [true, false])
    for (const [name, file, fires] of cases)
      test(`${name} (${prepared ? 'prepared' : 'bare'})`, async (t) => {
        const { node, ops, before } = await armed(t, { prepared });
        left(node, file);
        const { state } = (await ops.revertState(node.member, RUN)).value;
        assert.equal(state, fires ? 'reverting' : 'armed');
        node.tick(node.revertTimer(RUN.runId));
        assert.equal(fs.readFileSync(node.configPath, 'utf8') === before, fires);
        assert.deepEqual(node.jobs(), fires ? ['restart'] : []);
      });
});

test('the timer stops when nothing waits any more, and not before', async (t) => {
  const { node, ops } = await armed(t);
  node.tick('headroom-revert.timer');
  assert.deepEqual(node.timers(), ['headroom-revert.timer']);
  await ops.disarmRevert(node.member, RUN);
  node.tick('headroom-revert.timer');
  assert.deepEqual(node.timers(), []);
});

test('of the earlier runs a node keeps the newest 50, and every one that still waits', async (t) => {
  const { node, ops } = await armed(t);
  const runs = path.join(path.dirname(node.configPath), '.headroom');
  fs.utimesSync(path.join(runs, RUN.runId), 1, 1);
  for (let i = 0; i < 60; i++) {
    fs.mkdirSync(path.join(runs, `old_${i}`));
    fs.utimesSync(path.join(runs, `old_${i}`), 1000 + i, 1000 + i);
  }
  await ops.restart(node.member, { runId: 'r_2', mode: 'restart' });
  const left = fs.readdirSync(runs);
  assert.ok(left.includes(RUN.runId), 'it is armed');
  assert.ok(left.includes('r_2') && left.includes('old_59') && !left.includes('old_10'));
  assert.equal(left.length, 51);
});
