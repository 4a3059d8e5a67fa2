import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Db } from '#server/db/index.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { type Command, catalogue, type Ssh, type SshTarget } from '#server/ssh/index.ts';
import { TRANSPORTS } from '#shared/nodes.ts';
import { type FakeNode, fakeNode } from '#test/support/fake-node.ts';
import { pin, testSsh } from '#test/support/ssh-client.ts';
import { makeKeyPair, SERVERS, type ServerOptions, type TestServer } from '#test/support/ssh-servers.ts';
import { until } from '#test/support/until.ts';

// One suite, two transports, two servers. Commands come from the catalogue; the fake node's journalctl does what its unit's name says.

const say = (unit: string): Command => catalogue.journal({ unit, configPath: '/etc/sniproxy/config.yaml', sinceSeconds: 0, lines: 5 });
const said = (stdout: Buffer) => stdout.toString('utf8').split('\n').slice(2).join('\n');
const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function failure(work: Promise<unknown>): Promise<{ code: string; message: string; ms: number }> {
  const startedAt = performance.now();
  try {
    await work;
  } catch (error) {
    assert.ok(isHeadroomError(error), String(error));
    return { code: error.code, message: error.message, ms: performance.now() - startedAt };
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

type Ready = { server: TestServer; node: FakeNode; ssh: Ssh; db: Db; target: SshTarget; repin: (reason?: string) => Promise<void> };

// most of their time is waiting for deadlines
describe('transports', { concurrency: 2 }, () => {
  for (const [transport, kind] of TRANSPORTS.flatMap((transport) => SERVERS.map((kind) => [transport, kind] as const))) {
    async function setUp(t: TestContext, o: ServerOptions & { pinned?: boolean } = {}): Promise<Ready> {
      const node = fakeNode(t);
      const server = await kind.start(t, { env: { PATH: node.env.PATH }, ...o });
      const { ssh, db } = await testSsh(t, server.privateKey, 'n_1');
      const repin = (reason?: string) => pin(db, 'n_1', server.fingerprint(), reason);
      if (o.pinned !== false) await repin();
      return { server, node, ssh, db, target: { ...server.target('n_1'), transport }, repin };
    }

    describe(`${transport} to ${kind.name}`, { concurrency: false }, () => {
      test('a command gives its output, exit code and a receipt', async (t) => {
        const { ssh, target } = await setUp(t);
        const result = await ssh.exec(target, say('hello'));
        assert.equal(result.exitCode, 0);
        assert.match(said(result.stdout), /unit hello\n$/);
        const { receipt } = result;
        assert.equal(receipt.sha256, sha(Buffer.concat([result.stdout, Buffer.from(result.stderr)])));
        assert.match(receipt.command, /^journalctl -u hello/);
        assert.ok(receipt.durationMs >= 0 && Math.abs(receipt.at - Date.now()) < 60_000);
        assert.equal((await ssh.exec(target, say('exit-7'))).exitCode, 7);
      });

      test('one warm session serves many commands at once', async (t) => {
        const { ssh, target } = await setUp(t);
        const results = await Promise.all(Array.from({ length: 20 }, (_, i) => ssh.exec(target, say(`unit-${i}`), { timeoutMs: 30_000 })));
        for (const [i, result] of results.entries()) assert.match(said(result.stdout), new RegExp(`unit unit-${i}\n$`));
        assert.equal(ssh.sessions(), 1);
      });

      test('bytes go in on stdin and come out whole', async (t) => {
        const { ssh, target, node } = await setUp(t);
        const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
        const expectedSha256 = sha(fs.readFileSync(node.configPath));
        const write = catalogue.writeConfig({
          ...{ unit: 'sniproxy', configPath: node.configPath, runId: 'r_1', notAfter: Date.now() + 60_000 },
          ...{ bytes, sha256: sha(bytes), expectedSha256 },
        });
        assert.equal((await ssh.exec(target, write)).exitCode, 0);
        assert.ok(fs.readFileSync(node.configPath).equals(bytes));
        const { stdout } = await ssh.exec(target, catalogue.readConfig({ unit: 'sniproxy', configPath: node.configPath }));
        assert.ok(stdout.subarray(-bytes.length).equals(bytes));
      });

      test('a flood of output is cut at the cap and marked', async (t) => {
        const { ssh, target } = await setUp(t);
        const flood = await ssh.exec(target, say('flood'));
        assert.ok(flood.cut);
        assert.equal(flood.stdout.length, 1024 * 1024);
        assert.match(flood.receipt.raw, /cut here/);
        assert.ok(flood.receipt.raw.length <= 64 * 1024);
        const loud = await ssh.exec(target, say('loud'));
        assert.ok(loud.cut);
        assert.ok(loud.stderr.length <= 64 * 1024);
        assert.equal((await ssh.exec(target, say('hello'))).exitCode, 0, 'and the next command is served');
      });

      test('an aborted command ends at once with the reason, others go on', async (t) => {
        const { ssh, target } = await setUp(t);
        const stop = new AbortController();
        const endless = ssh.exec(target, say('endless'), {
          signal: stop.signal,
          onOutput: (text) => text.includes('begun') && stop.abort(new Error('enough')),
        });
        const other = ssh.exec(target, say('hello'));
        await assert.rejects(endless, /enough/);
        assert.equal((await other).exitCode, 0);
        assert.equal(ssh.sessions(), 1);
      });

      test('a command that goes on too long is given up in time, and its session with it', async (t) => {
        const { ssh, target } = await setUp(t);
        await ssh.exec(target, say('hello'));
        const { code, message, ms } = await failure(ssh.exec(target, say('endless'), { timeoutMs: 4000 }));
        assert.equal(code, 'ssh.timeout');
        assert.match(message, /SSH to 127\.0\.0\.1:\d+: "journalctl -u endless .*" was not done within 4 s/);
        assert.ok(ms < 6000, `${ms} ms`);
        assert.equal(ssh.sessions(), 0);
        assert.equal((await ssh.exec(target, say('hello'))).exitCode, 0);
      });

      test('a server that hangs fails a new session within 10 s', async (t) => {
        const { ssh, server, target } = await setUp(t);
        server.freeze();
        const { code, message, ms } = await failure(ssh.exec(target, say('hello')));
        assert.equal(code, 'ssh.timeout');
        assert.match(message, new RegExp(`^SSH to 127\\.0\\.0\\.1:${server.port} did not answer within 10 s`));
        assert.ok(ms < 10_900, `${ms} ms`);
      });

      test('a server that hangs under a warm session is found in 10 s; the session is not used again, and what it holds does not act late', async (t) => {
        const { ssh, server, target, node } = await setUp(t);
        await ssh.exec(target, say('hello'));
        server.freeze();
        const restart = catalogue.service({
          configPath: node.configPath,
          runId: 'r_1',
          notAfter: Date.now() + 8000,
          unit: 'sniproxy',
          mode: 'restart',
        });
        const { code, ms } = await failure(ssh.exec(target, restart));
        assert.equal(code, 'ssh.timeout');
        assert.ok(ms < 10_900, `${ms} ms`);
        assert.equal(ssh.sessions(), 0);
        server.thaw();
        assert.equal((await ssh.exec(target, say('hello'))).exitCode, 0, 'it is reached again');
        assert.deepEqual(node.jobs(), [], 'the late restart refused itself');
      });

      test('an unknown host key is refused before anything is sent, and kept for the person who approves it', async (t) => {
        const { ssh, server, target, repin } = await setUp(t, { pinned: false });
        const { code, message } = await failure(ssh.exec(target, say('hello')));
        assert.equal(code, 'ssh.host-key-unknown');
        assert.ok(message.includes(server.fingerprint()), message);
        assert.deepEqual(await ssh.hostKey('n_1'), { pinned: null, offered: server.fingerprint(), blocked: false });
        await repin();
        assert.equal((await ssh.exec(target, say('hello'))).exitCode, 0);
      });

      test('a changed host key blocks the node, also after the old key is back, until it is pinned with a reason', async (t) => {
        const { ssh, server, target, repin } = await setUp(t);
        const old = server.fingerprint();
        await ssh.exec(target, say('hello'));
        server.rekey();
        assert.equal((await ssh.exec(target, say('hello'))).exitCode, 0, 'an open session stays valid');
        await server.kill();
        await server.start();
        await until('the lost session is noticed', () => ssh.sessions() === 0);
        const changed = await failure(ssh.exec(target, say('hello')));
        assert.equal(changed.code, 'ssh.host-key-changed');
        assert.match(changed.message, /^The host key of node-n_1 changed: pinned SHA256:.*, offered SHA256:/);
        assert.ok(changed.message.includes(old) && changed.message.includes(server.fingerprint()));
        assert.deepEqual(await ssh.hostKey('n_1'), { pinned: old, offered: server.fingerprint(), blocked: true });
        await server.kill();
        assert.equal((await failure(ssh.exec(target, say('hello')))).code, 'ssh.host-key-changed', 'a blocked node is not even dialled');
        await server.start();
        assert.equal((await failure(repin())).code, 'request.invalid', 'not without a reason');
        await repin('reinstalled');
        assert.equal((await ssh.exec(target, say('hello'))).exitCode, 0);
        assert.deepEqual(await ssh.hostKey('n_1'), { pinned: server.fingerprint(), offered: null, blocked: false });
      });

      test('a key that was pinned anew ends the session opened under the old one', async (t) => {
        const { ssh, target, db } = await setUp(t);
        await ssh.exec(target, say('hello'));
        await pin(db, 'n_1', `SHA256:${'A'.repeat(43)}`, 'it moves to another machine');
        const { code } = await failure(ssh.exec(target, say('hello')));
        assert.equal(code, 'ssh.host-key-changed', 'the running server still has the old key');
      });

      test('a refused key names the account and the host', async (t) => {
        const { server, target, node } = await setUp(t);
        const { ssh, db } = await testSsh(t, makeKeyPair().private, 'n_1');
        await pin(db, 'n_1', server.fingerprint());
        const { code, message } = await failure(ssh.exec(target, say('hello')));
        assert.equal(code, 'ssh.auth-failed');
        assert.ok(message.includes(`127.0.0.1:${server.port}`) && message.includes(target.user), message);
        assert.ok(fs.existsSync(node.configPath));
      });

      test('nobody at the port, and a peer that is no SSH server, are told apart', async (t) => {
        const { ssh, server, target } = await setUp(t);
        await server.kill();
        const gone = await failure(ssh.exec(target, say('hello')));
        assert.equal(gone.code, 'ssh.unreachable');
        assert.match(gone.message, /was refused: nothing listens/);
        const web = net.createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(server.port, '127.0.0.1');
        t.after(() => web.close());
        await until('it listens', () => web.listening);
        const other = await failure(ssh.exec(target, say('hello')));
        assert.equal(other.code, 'ssh.unreachable');
        assert.match(other.message, /^SSH to 127\.0\.0\.1:\d+ /);
      });

      test('a server that dies under a command fails it at once; the next command opens a new session', async (t) => {
        const { ssh, server, target, node } = await setUp(t);
        const endless = failure(ssh.exec(target, say('endless'), { timeoutMs: 30_000 }));
        await until('the command runs', () => fs.existsSync(path.join(node.dir, 'facts', 'endless')));
        await server.kill();
        const { code, message, ms } = await endless;
        assert.equal(code, 'ssh.unreachable', message);
        assert.match(message, /ended while "journalctl -u endless/);
        assert.ok(ms < 8000);
        await server.start();
        assert.equal((await ssh.exec(target, say('hello'))).exitCode, 0);
      });

      test('TCP goes through the session to the node’s own port', async (t) => {
        const page = http.createServer((_, response) => response.end('process_open_fds 7\n'));
        await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
        t.after(() => page.close());
        const address = page.address();
        assert.ok(typeof address === 'object' && address);
        const { ssh, target } = await setUp(t, { forwardTo: address.port });
        const socket = await ssh.openTcp(target, { host: '127.0.0.1', port: address.port });
        socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
        let text = '';
        for await (const chunk of socket) text += chunk;
        assert.match(text, /process_open_fds 7\n/);
        const refused = await failure(ssh.openTcp(target, { host: '127.0.0.1', port: 1 }));
        assert.equal(refused.code, 'ssh.command-failed');
        assert.equal(ssh.sessions(), 1);
      });

      test('words of every kind reach the node as they are', async (t) => {
        const { ssh, target, node } = await setUp(t);
        const odd = path.join(node.dir, `it's "odd" $(id) \\ \`x\` * ? ~ ! # & | ; < >`, 'config.yaml');
        fs.mkdirSync(path.dirname(odd));
        fs.writeFileSync(odd, 'a: 1\n');
        const { stdout, exitCode } = await ssh.exec(target, catalogue.readConfig({ unit: 'sniproxy', configPath: odd }));
        assert.equal(exitCode, 0);
        assert.ok(stdout.toString().endsWith('a: 1\n'));
      });

      test('closing ends every session and refuses more', async (t) => {
        const { ssh, target } = await setUp(t);
        await ssh.exec(target, say('hello'));
        await ssh.close();
        assert.equal(ssh.sessions(), 0);
        assert.equal((await failure(ssh.exec(target, say('hello')))).code, 'ssh.unreachable');
      });
    });
  }
});

test('only commands of the catalogue are run', async (t) => {
  const { ssh } = await testSsh(t, '', 'n_1');
  const forged = { ...say('hello'), text: 'reboot' };
  const target = { id: 'n_1', name: 'x', host: '127.0.0.1', sshPort: 1, user: 'x' };
  await assert.rejects(ssh.exec(target, forged), /only commands of the catalogue/);
});
