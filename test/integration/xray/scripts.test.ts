import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createNodeOps, type RawLook } from '#server/ssh/index.ts';
import { classifyLook } from '#server/xray/classify.ts';
import type { FdGroup } from '#shared/xray.ts';
import { type FakeNode, fakeNode } from '#test/support/fake-node.ts';
import { holdFds } from '#test/support/fd-holder.ts';
import { localSsh } from '#test/support/local-ssh.ts';

/** A node on which /bin/sh is another shell; with busybox awk, ls and sort are its own too. */
function setUp(t: TestContext, shell: string) {
  const node = fakeNode(t);
  if (shell !== '/bin/busybox') return { node, ops: createNodeOps(localSsh({ env: node.env, sh: shell }), systemClock) };
  const applets = path.join(node.dir, 'applets');
  fs.mkdirSync(applets);
  spawnSync('/bin/busybox', ['--install', '-s', applets]);
  for (const own of ['systemctl', 'journalctl']) fs.rmSync(path.join(applets, own), { force: true });
  node.env.PATH = `${path.join(node.dir, 'bin')}:${applets}`;
  return { node, ops: createNodeOps(localSsh({ env: node.env, sh: path.join(applets, 'sh') }), systemClock) };
}

/** The node's service is this process from now on. */
function serveAs(node: FakeNode, pid: number): void {
  process.kill(node.mainPid(), 'SIGKILL');
  fs.writeFileSync(path.join(node.dir, 'facts', 'pid'), String(pid));
}

const groupsOf = (look: RawLook): FdGroup[] => classifyLook(look, 1000, new Map()).groups;
const total = (groups: FdGroup[], kind: string, state: string | null = null) =>
  groups.filter((group) => group.kind === kind && (state === null || group.state === state)).reduce((sum, { count }) => sum + count, 0);

for (const shell of ['/bin/dash', '/bin/bash', '/bin/busybox']) {
  describe(`a look at a process, with ${shell}`, { skip: !fs.existsSync(shell) && `${shell} is not installed` }, () => {
    test('classes every fd, and the counts are those of /proc', async (t) => {
      const { node, ops } = setUp(t, shell);
      const holder = await holdFds(t, { pairs: 30, gone: 12, orphans: 5, files: 8 });
      serveAs(node, holder.pid);
      const { value, receipt } = await ops.xray(node.member);
      const groups = groupsOf(value);
      assert.equal(value.openFds, holder.openFds());
      assert.equal(
        groups.reduce((sum, { count }) => sum + count, 0),
        value.openFds,
      );
      assert.deepEqual([value.pid, value.comm], [holder.pid, 'perl']);
      assert.ok(value.processStartMs !== null && Math.abs(value.processStartMs - Date.now()) < 120_000);
      assert.ok(value.fdSoftLimit !== null && value.fdSoftLimit >= 1024);
      assert.equal(total(groups, 'listener', 'LISTEN'), 2);
      assert.equal(total(groups, 'client', 'ESTABLISHED'), 31);
      assert.equal(total(groups, 'client', 'CLOSE_WAIT'), 12);
      assert.equal(total(groups, 'upstream', 'ESTABLISHED'), 31);
      assert.equal(total(groups, 'orphan'), 5);
      assert.equal(total(groups, 'udp'), 1);
      assert.ok(total(groups, 'pipe') >= 2);
      assert.ok(total(groups, 'unix') >= 2);
      assert.equal(groups.find(({ peer }) => peer === '/dev/null')?.count, 8);
      assert.equal(groups.find(({ state }) => state === 'deleted')?.peer?.endsWith('/gone.log'), true);
      assert.match(receipt.command, /\/proc\/\$MainPID\/fd/);
    });

    test('names peers by numbers: an upstream with its port, a client by its address and the port that it came to', async (t) => {
      const { node, ops } = setUp(t, shell);
      const holder = await holdFds(t, { pairs: 3, gone: 2 });
      serveAs(node, holder.pid);
      const groups = groupsOf((await ops.xray(node.member)).value);
      const of = (kind: string) =>
        groups
          .filter((group) => group.kind === kind)
          .map(({ peer, local, state, count }) => `${state} ${peer} ${local} ${count}`)
          .sort();
      assert.deepEqual(
        of('upstream'),
        [`ESTABLISHED 127.0.0.1:${holder.port} null 3`, `ESTABLISHED 127.0.0.1:${holder.port6} null 1`].sort(),
      );
      assert.deepEqual(
        of('client'),
        [
          `CLOSE_WAIT 127.0.0.1 :${holder.port} 2`,
          `ESTABLISHED 127.0.0.1 :${holder.port} 3`,
          `ESTABLISHED 127.0.0.1 :${holder.port6} 1`,
        ].sort(),
      );
      assert.deepEqual(of('listener'), [`LISTEN null 127.0.0.1:${holder.port} 1`, `LISTEN null [::]:${holder.port6} 1`].sort());
      const gone = groups.find(({ state }) => state === 'CLOSE_WAIT');
      assert.equal(gone?.examples.length, 2);
      for (const { fd, local, remote } of gone?.examples ?? []) {
        assert.match(fs.readlinkSync(`/proc/${holder.pid}/fd/${fd}`), /^socket:/);
        assert.equal(local, `127.0.0.1:${holder.port}`);
        assert.match(remote ?? '', /^127\.0\.0\.1:\d+$/);
      }
    });

    test('a file whose name looks like our own answer adds nothing', async (t) => {
      const { node, ops } = setUp(t, shell);
      const holder = await holdFds(t);
      serveAs(node, holder.pid);
      const { value } = await ops.xray(node.member);
      assert.ok(!value.groups.some(({ examples }) => examples.some(({ fd }) => fd === 99_999)));
      const evil = groupsOf(value).find(({ peer }) => peer?.includes('/a -> b'));
      assert.ok(evil, JSON.stringify(value.groups));
      assert.doesNotMatch(evil.peer ?? '', /[\n\r\t]/);
    });

    test('says when the unit has no process', async (t) => {
      const { node, ops } = setUp(t, shell);
      process.kill(node.mainPid(), 'SIGKILL');
      fs.writeFileSync(path.join(node.dir, 'facts', 'pid'), '');
      await assert.rejects(ops.xray(node.member), (error) => isHeadroomError(error) && error.code === 'node.no-process');
    });

    test('20,000 fds, most of them sockets, are all classed, in at most 256 KiB of groups and numbers', { timeout: 120_000 }, async (t) => {
      const { node, ops } = setUp(t, shell);
      const holder = await holdFds(t, { pairs: 7000, gone: 1000, orphans: 300, files: 4600 });
      serveAs(node, holder.pid);
      assert.ok(holder.openFds() > 19_800, `${holder.openFds()} fds`);
      const { value, receipt } = await ops.xray(node.member, { timeoutMs: 30_000 });
      t.diagnostic(`${shell}: wall ${receipt.durationMs} ms, CPU ${value.cpuMs} ms`);
      const groups = groupsOf(value);
      assert.equal(value.openFds, holder.openFds());
      assert.equal(total(groups, 'client', 'CLOSE_WAIT'), 1000);
      assert.equal(total(groups, 'client', 'ESTABLISHED'), 7001);
      assert.equal(total(groups, 'upstream', 'ESTABLISHED'), 7001);
      assert.equal(total(groups, 'orphan'), 300);
      assert.equal(value.idsCut, 0);
      assert.ok(value.groups.length <= 200 + 30, `${value.groups.length} groups`);
      const told = JSON.stringify(value.groups).length;
      assert.ok(told <= 256 * 1024, `${told} bytes`);
    });
  });
}
