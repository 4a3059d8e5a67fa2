import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { fakeNode, setFact } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

function setUp(t: TestContext, options: { prepared?: boolean } = {}) {
  const node = fakeNode(t, { prepared: options.prepared ?? true });
  const ops = createNodeOps(localSsh({ env: node.env }), systemClock, { helperPath: node.helperPath });
  const root = path.join(node.dir, 'opt');
  fs.mkdirSync(path.join(root, 'releases', 'old'), { recursive: true });
  fs.symlinkSync('releases/old', path.join(root, 'current'));
  return { node, ops, member: node.member, root, current: () => fs.readlinkSync(path.join(root, 'current')) };
}

/** A release, or what `spoil` makes of one. */
function tarball(t: TestContext, version: string, spoil: (dir: string) => string[] | undefined = () => undefined): Buffer {
  const dir = fs.mkdtempSync('/tmp/headroom-release-');
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const tree = path.join(dir, 'tree');
  fs.mkdirSync(path.join(tree, 'bin'), { recursive: true });
  fs.writeFileSync(path.join(tree, 'bin', 'sniproxy-server'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o700 });
  fs.writeFileSync(path.join(tree, 'VERSION'), `${version}\n`);
  const members = spoil(tree) ?? ['.'];
  const file = path.join(dir, 'release.tar.gz');
  execFileSync('tar', ['-czf', file, '-C', tree, ...members]);
  return fs.readFileSync(file);
}

describe('a release of the proxy on a prepared node', () => {
  test('is held against its hash, unpacked as root’s beside the others, and becomes current in one step', async (t) => {
    const { ops, member, root, current } = setUp(t);
    const bytes = tarball(t, '2.0.0');
    const asked = { runId: 'r_1', sha256: sha(bytes) };
    assert.equal((await ops.release(member, { ...asked, operation: 'put', bytes })).value.acted, true);
    assert.equal(current(), 'releases/old', 'putting it there switches nothing');
    const state = (await ops.release(member, { ...asked, operation: 'state' })).value;
    assert.deepEqual([state.there, state.version, state.current], [true, '2.0.0', 'releases/old']);
    assert.equal((await ops.release(member, { ...asked, operation: 'put', bytes })).value.acted, false, 'once');
    assert.equal((await ops.release(member, { ...asked, operation: 'switch' })).value.acted, true);
    assert.equal(current(), `releases/${asked.sha256}`);
    assert.equal((await ops.release(member, { ...asked, operation: 'switch' })).value.acted, false, 'once');
    const mode = fs.statSync(path.join(root, 'releases', asked.sha256, 'bin', 'sniproxy-server')).mode & 0o7777;
    assert.equal(mode, 0o755);
    assert.deepEqual(
      fs.readdirSync(root).filter((name) => name.startsWith('.incoming')),
      [],
      'nothing half-written is left',
    );
  });

  test('goes back to the one before when nobody confirms, with one restart', async (t) => {
    const { node, ops, member, current } = setUp(t);
    const bytes = tarball(t, '2.0.0');
    const asked = { runId: 'r_1', sha256: sha(bytes) };
    const config = await ops.readConfig(member);
    await ops.release(member, { ...asked, operation: 'put', bytes });
    await ops.backupConfig(member, { runId: 'r_1', expectedSha256: config.value.sha256 });
    await ops.armRevert(member, { runId: 'r_1', seconds: 1 });
    await ops.release(member, { ...asked, operation: 'switch' });
    await ops.restart(member, { runId: 'r_1', mode: 'restart' });
    assert.equal(current(), `releases/${asked.sha256}`);
    fs.writeFileSync(node.state('r_1', 'deadline'), '1\n');
    node.tick('headroom-revert.timer');
    assert.equal(current(), 'releases/old');
    assert.equal((await ops.revertState(member, { runId: 'r_1' })).value.state, 'reverted');
    assert.deepEqual(node.jobs(), ['restart', 'restart']);
    await assert.rejects(ops.release(member, { ...asked, operation: 'switch' }), /restored its own config/);
  });

  test('stays when it is confirmed', async (t) => {
    const { node, ops, member, current } = setUp(t);
    const bytes = tarball(t, '2.0.0');
    const asked = { runId: 'r_1', sha256: sha(bytes) };
    const config = await ops.readConfig(member);
    await ops.release(member, { ...asked, operation: 'put', bytes });
    await ops.backupConfig(member, { runId: 'r_1', expectedSha256: config.value.sha256 });
    await ops.armRevert(member, { runId: 'r_1', seconds: 60 });
    await ops.release(member, { ...asked, operation: 'switch' });
    await ops.disarmRevert(member, { runId: 'r_1' });
    node.tick('headroom-revert.timer');
    assert.equal(current(), `releases/${asked.sha256}`);
  });

  const spoilt: Record<string, (tree: string) => string[] | undefined> = {
    'a link': (tree) => {
      fs.symlinkSync('/etc/passwd', path.join(tree, 'lib'));
      return undefined;
    },
    'a path outside': (tree) => {
      fs.writeFileSync(path.join(tree, '..', 'out'), 'x');
      return ['-P', 'bin', 'VERSION', '../out'];
    },
    'no program': (tree) => {
      fs.rmSync(path.join(tree, 'bin'), { recursive: true });
      return undefined;
    },
    'no version': (tree) => {
      fs.rmSync(path.join(tree, 'VERSION'));
      return undefined;
    },
  };
  for (const [what, spoil] of Object.entries(spoilt))
    test(`is refused with ${what} in it, and nothing of it stays`, async (t) => {
      const { ops, member, root } = setUp(t);
      const bytes = tarball(t, '2.0.0', spoil);
      await assert.rejects(ops.release(member, { runId: 'r_1', sha256: sha(bytes), operation: 'put', bytes }), /tarball/);
      assert.deepEqual(fs.readdirSync(root).sort(), ['current', 'releases']);
      assert.deepEqual(fs.readdirSync(path.join(root, 'releases')), ['old']);
    });

  test('is not taken when other bytes arrive than were announced', async (t) => {
    const { node, root } = setUp(t);
    const bytes = tarball(t, '2.0.0');
    const run = (size: number, input: Buffer) => {
      const args = ['release', 'sniproxy', node.configPath, String(Date.now() + 60_000), 'r_1', 'put', sha(bytes), String(size)];
      try {
        execFileSync(node.helperPath, args, { input, env: node.env, stdio: ['pipe', 'pipe', 'pipe'] });
        return '';
      } catch (error) {
        return String((error as { stderr: Buffer }).stderr);
      }
    };
    assert.match(run(bytes.length, Buffer.concat([bytes, Buffer.from('more')])), /did not arrive as it was announced/);
    assert.match(run(bytes.length, bytes.subarray(0, 100)), /did not arrive as it was announced/);
    assert.match(run(10 ** 9, bytes), /160|bytes at most/);
    assert.deepEqual(fs.readdirSync(path.join(root, 'releases')), ['old']);
  });

  for (const user of ['root', '0', ''])
    test(`goes nowhere where a service would run it as the user ${JSON.stringify(user)}, this one or another one`, async (t) => {
      const { node, ops, member, root } = setUp(t);
      const bytes = tarball(t, '2.0.0');
      const put = () => ops.release(member, { runId: 'r_1', sha256: sha(bytes), operation: 'put', bytes });
      setFact(node, 'user-sniproxy', user);
      await assert.rejects(put(), /sniproxy runs as root/);
      setFact(node, 'user-sniproxy', 'nobody');
      fs.appendFileSync(path.join(node.dir, 'headroom-node.conf'), `second ${node.configPath}\n`);
      setFact(node, 'user-second', user);
      setFact(node, 'exec-second', `{ path=${root}/current/bin/sniproxy-server ; }`);
      await assert.rejects(put(), /second runs as root/);
      assert.deepEqual(fs.readdirSync(path.join(root, 'releases')), ['old']);
      setFact(node, 'exec-second', '{ path=/usr/local/bin/sniproxy-server ; }');
      assert.equal((await put()).value.acted, true, 'that one runs something else');
    });

  test('is run by root nowhere: without a user to run it as, config.yaml is not checked by it', async (t) => {
    const { node, ops, member } = setUp(t);
    setFact(node, 'user-sniproxy', 'root');
    assert.equal((await ops.validateConfig(member)).value.known, false);
  });

  test('is refused when its members’ owners hide how large they are', async (t) => {
    const { ops, member, root } = setUp(t);
    const large = (tree: string) => {
      fs.truncateSync(path.join(tree, 'VERSION'), 700 * 1024 * 1024);
      return ['--owner=a b:1000', '--sparse', '.'];
    };
    const bytes = tarball(t, '2.0.0', large);
    await assert.rejects(ops.release(member, { runId: 'r_1', sha256: sha(bytes), operation: 'put', bytes }), /too much/);
    assert.deepEqual(fs.readdirSync(path.join(root, 'releases')), ['old']);
  });

  test('goes to no bare node', async (t) => {
    const { ops, member } = setUp(t, { prepared: false });
    const bytes = tarball(t, '2.0.0');
    await assert.rejects(ops.release(member, { runId: 'r_1', sha256: sha(bytes), operation: 'put', bytes }), /this node is bare/);
  });
});
