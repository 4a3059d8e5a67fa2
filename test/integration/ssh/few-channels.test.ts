import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '#server/ssh/index.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';

const say = (unit: string) => catalogue.journal({ unit, configPath: '/etc/sniproxy/config.yaml', sinceSeconds: 0, lines: 5 });

test('a server that takes fewer channels than we open runs every command, each once', async (t) => {
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH }, lines: ['MaxSessions 3'] });
  const { ssh, db } = await testSsh(t, server.privateKey, 'n_1');
  await pin(db, 'n_1', server.fingerprint());
  const target = server.target('n_1');
  const results = await Promise.all(Array.from({ length: 12 }, (_, i) => ssh.exec(target, say(`unit-${i}`), { timeoutMs: 30_000 })));
  for (const [i, { exitCode, stdout }] of results.entries()) {
    assert.equal(exitCode, 0);
    assert.match(stdout.toString('utf8'), new RegExp(`unit unit-${i}\n$`));
  }
  assert.equal(ssh.sessions(), 1, 'over the one session');
});

test('a server that takes none at all says so', async (t) => {
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH }, lines: ['MaxSessions 0'] });
  const { ssh, db } = await testSsh(t, server.privateKey, 'n_1');
  await pin(db, 'n_1', server.fingerprint());
  await assert.rejects(ssh.exec(server.target('n_1'), say('unit')), { code: 'ssh.command-failed', message: /refused to run/ });
});
