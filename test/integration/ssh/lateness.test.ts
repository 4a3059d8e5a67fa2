import assert from 'node:assert/strict';
import fs from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { Clock } from '#server/kernel/clock.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { localSsh } from '#test/support/local-ssh.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';

const late = (error: unknown) => isHeadroomError(error) && error.code === 'ssh.timeout' && /too late|did not answer/.test(error.message);
const RUN = { runId: 'r_1' };

/** A console whose clock the test turns on, as if what it sends were on its way for so long. */
function delayed(t: TestContext) {
  const node = fakeNode(t);
  let behindMs = 0;
  const clock: Clock = { now: () => Date.now() - behindMs, sleep: systemClock.sleep };
  const ops = createNodeOps(localSsh({ env: node.env, now: clock.now }), clock);
  return { node, ops, delay: (ms: number) => (behindMs = ms) };
}

test('every command that changes something refuses itself when it comes late', async (t) => {
  const { node, ops, delay } = delayed(t);
  const { value } = await ops.readConfig(node.member);
  await ops.backupConfig(node.member, { ...RUN, expectedSha256: value.sha256 });
  await ops.armRevert(node.member, { ...RUN, seconds: 60 });
  const deadline = fs.readFileSync(node.state('r_1', 'deadline'), 'utf8');
  const again = async (work: () => Promise<unknown>) => {
    delay(0);
    await ops.probe(node.member, { sockets: false });
    delay(10_000);
    await assert.rejects(work(), late);
  };
  await again(() => ops.backupConfig(node.member, { runId: 'r_2', expectedSha256: value.sha256 }));
  await again(() => ops.writeConfig(node.member, { ...RUN, bytes: Buffer.from('a: 1\n'), expectedSha256: value.sha256 }));
  await again(() => ops.restart(node.member, { ...RUN, mode: 'restart' }));
  await again(() => ops.extendRevert(node.member, { ...RUN, seconds: 600 }));
  await again(() => ops.disarmRevert(node.member, RUN));
  assert.deepEqual(node.jobs(), []);
  assert.ok(fs.readFileSync(node.configPath).equals(value.bytes));
  assert.equal(fs.readFileSync(node.state('r_1', 'deadline'), 'utf8'), deadline);
  assert.ok(!fs.existsSync(node.state('r_2', 'config.yaml')));
});

test('a refused command can be done again once the clock is known anew', async (t) => {
  const { node, ops, delay } = delayed(t);
  await ops.probe(node.member, { sockets: false });
  // the node's clock was set an hour on: the first command refuses itself, and teaches the new offset
  delay(3_600_000);
  await assert.rejects(ops.restart(node.member, { ...RUN, mode: 'restart' }), late);
  assert.equal((await ops.restart(node.member, { ...RUN, mode: 'restart' })).value.acted, true);
});

test('what was sent to a hanging OpenSSH server does not act when it wakes', async (t) => {
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH } });
  const { ssh, db } = await testSsh(t, server.privateKey, 'n_1');
  await pin(db, 'n_1', server.fingerprint());
  const member = { ...node.member, sshPort: server.port, user: server.user };
  const ops = createNodeOps(ssh, systemClock);
  const { value } = await ops.readConfig(member);
  server.freeze();
  const work = [
    ops.writeConfig(member, { ...RUN, bytes: Buffer.from('a: 1\n'), expectedSha256: value.sha256 }),
    ops.restart(member, { ...RUN, mode: 'restart' }),
  ];
  for (const result of await Promise.allSettled(work))
    assert.ok(result.status === 'rejected' && late(result.reason), String(result.status));
  server.thaw();
  // the server runs what it held before it answers anything new
  await ops.probe(member);
  await ops.probe(member, { sockets: false });
  assert.ok(fs.readFileSync(node.configPath).equals(value.bytes));
  assert.deepEqual(node.jobs(), []);
});
