import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';

describe('the limit of open files of a running process', () => {
  test('is raised once, of exactly that process, never lowered, and gone with it', async (t) => {
    const node = fakeNode(t);
    // The process is given a low soft limit first, below its hard one, so that no right is needed to raise it.
    const ops = createNodeOps(
      localSsh({ env: node.env, shell: ['/bin/sh', '-c', 'ulimit -S -n 512; exec /bin/sh "$@"', 'sh'] }),
      systemClock,
    );
    await ops.restart(node.member, { runId: 'r_0', mode: 'restart' });
    const limit = async () => (await ops.probe(node.member, { sockets: false })).value.fdSoftLimit;
    const pid = node.mainPid();
    assert.equal(await limit(), 512);
    const raised = await ops.setLimit(node.member, { runId: 'r_1', pid, limit: 1024 });
    assert.deepEqual(raised.value, { acted: true, before: 512, limit: 1024, kept: null });
    assert.equal(await limit(), 1024);
    assert.match(raised.receipt.command, new RegExp(`prlimit --pid ${pid} --nofile=1024:`));
    const again = await ops.setLimit(node.member, { runId: 'r_1', pid, limit: 1024 });
    assert.deepEqual(again.value, { acted: false, before: 1024, limit: 1024, kept: null });
    assert.equal((await ops.setLimit(node.member, { runId: 'r_1', pid, limit: 600 })).value.limit, 1024);
    assert.equal(await limit(), 1024);
    await ops.restart(node.member, { runId: 'r_1', mode: 'restart' });
    await assert.rejects(ops.setLimit(node.member, { runId: 'r_1', pid, limit: 2048 }), { code: 'ssh.command-failed', message: /and not/ });
    assert.equal(await limit(), 512);
  });

  test('is not raised by a command that comes too late', async (t) => {
    const node = fakeNode(t);
    let late = 0;
    const ops = createNodeOps(localSsh({ env: node.env }), { ...systemClock, now: () => Date.now() - late });
    const before = (await ops.probe(node.member, { sockets: false })).value.fdSoftLimit ?? 0;
    late = 60_000;
    const asked = ops.setLimit(node.member, { runId: 'r_1', pid: node.mainPid(), limit: before + 1 });
    await assert.rejects(asked, { code: 'ssh.timeout', message: /came too late/ });
    assert.equal((await ops.probe(node.member, { sockets: false })).value.fdSoftLimit, before);
  });

  test('a backup is read back as it was kept', async (t) => {
    const node = fakeNode(t);
    const ops = createNodeOps(localSsh({ env: node.env }), systemClock);
    const { value } = await ops.readConfig(node.member);
    await ops.backupConfig(node.member, { runId: 'r_1', expectedSha256: value.sha256 });
    assert.equal((await ops.readBackup(node.member, { runId: 'r_1' })).value.sha256, value.sha256);
    await assert.rejects(ops.readBackup(node.member, { runId: 'r_2' }), { code: 'config.not-found', message: /r_2/ });
  });
});
