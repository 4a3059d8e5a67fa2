import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { type TestContext, test } from 'node:test';
import { systemClock } from '#server/kernel/clock.ts';
import { createNodeOps } from '#server/ssh/index.ts';
import type { FleetMember, SelfTest } from '#shared/nodes.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { makeKeyPair, startOpenSsh } from '#test/support/ssh-servers.ts';

const statuses = ({ checks }: SelfTest) => Object.fromEntries(checks.map(({ key, status }) => [key, status]));
const check = ({ checks }: SelfTest, key: string) => checks.find((one) => one.key === key) ?? assert.fail(`no check ${key}`);

async function setUp(t: TestContext, page = '# HELP process_open_fds x\nprocess_open_fds 7\n') {
  const node = fakeNode(t, { prepared: true });
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH } });
  const web = http.createServer((_, response) => response.end(page));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  t.after(() => web.close());
  const address = web.address();
  assert.ok(typeof address === 'object' && address);
  const member: FleetMember = {
    ...node.member,
    ...{ sshPort: server.port, user: server.user, metrics: { via: 'ssh', url: `http://127.0.0.1:${address.port}/metrics` } },
  };
  const connect = async (privateKey = server.privateKey, helperPath = node.helperPath) => {
    const { ssh, db } = await testSsh(t, privateKey, member.id);
    return { ops: createNodeOps(ssh, systemClock, { helperPath }), db };
  };
  return { node, server, member, connect };
}

test('a node on which all is well passes every check', async (t) => {
  const { server, member, connect } = await setUp(t);
  const { ops, db } = await connect();
  await pin(db, member.id, server.fingerprint());
  const result = await ops.selfTest(member);
  const bad = result.checks.filter(({ status }) => status !== 'pass');
  assert.deepEqual(bad, []);
  assert.ok(result.ok);
});

test('each fault is found, with one command to paste', async (t) => {
  const { node, server, member, connect } = await setUp(t, '<html>');
  const { ops, db } = await connect();
  await pin(db, member.id, server.fingerprint());
  fs.rmSync(node.configPath);
  const result = await ops.selfTest({ ...member, metrics: { via: 'ssh', url: 'http://127.0.0.1:1/metrics' } });
  assert.ok(!result.ok);
  assert.equal(check(result, 'config').status, 'fail');
  assert.match(check(result, 'config').fix ?? '', /^systemctl show -p ExecStart --value /);
  assert.equal(check(result, 'metrics').status, 'fail');
  assert.match(check(result, 'metrics').fix ?? '', /curl -sS 'http:\/\/127\.0\.0\.1:1\/metrics'/);
  assert.match(check(await ops.selfTest(member), 'metrics').detail, /no Prometheus page/);
});

test('a bare node is ready, and one line from the console’s folder prepares it', async (t) => {
  const { server, member, connect } = await setUp(t);
  const { ops, db } = await connect(server.privateKey, '/nonexistent/headroom-node');
  await pin(db, member.id, server.fingerprint());
  const result = await ops.selfTest(member);
  assert.ok(result.ok);
  assert.equal(check(result, 'helper').status, 'warn');
  const at = `'${member.user}@${member.host}`;
  const [copy, install] = (check(result, 'helper').fix ?? '').split(' && ').slice(1);
  assert.equal(copy, `scp -P ${member.sshPort} headroom-node* headroom-revert.* sudoers.headroom-node ${at}:'`);
  assert.match(install ?? '', new RegExp(`^ssh -t -p ${member.sshPort} ${at}' 'sudo ./headroom-node-install `));
});

test('what needs a session is skipped when there is none, and the cause is the failed check', async (t) => {
  const { server, member, connect } = await setUp(t);
  const stranger = await connect(makeKeyPair().private);
  const unknown = await stranger.ops.selfTest(member);
  assert.deepEqual([statuses(unknown).reachable, statuses(unknown)['host-key'], statuses(unknown).auth], ['pass', 'fail', 'skipped']);
  await pin(stranger.db, member.id, server.fingerprint());
  const refused = await stranger.ops.selfTest(member);
  assert.deepEqual([statuses(refused)['host-key'], statuses(refused).auth, statuses(refused).sudo], ['pass', 'fail', 'skipped']);
  assert.match(check(refused, 'auth').fix ?? '', /authorized_keys/);
  await server.kill();
  const dead = await stranger.ops.selfTest(member);
  assert.deepEqual([statuses(dead).reachable, statuses(dead).auth], ['fail', 'skipped']);
  assert.match(check(dead, 'reachable').fix ?? '', new RegExp(`^ssh -p ${server.port} `));
});
