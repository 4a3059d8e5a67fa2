import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { catalogue, createSsh } from '#server/ssh/index.ts';
import { testDatabase } from '#test/support/database.ts';
import { fakeNode } from '#test/support/fake-node.ts';
import { pin, registerNode } from '#test/support/ssh-client.ts';
import { makeKeyPair, startOpenSsh } from '#test/support/ssh-servers.ts';
import { until } from '#test/support/until.ts';

// What only the system's ssh does: jump hosts, certificates, and leaving no key and no process behind.

const hello = catalogue.journal({ unit: 'hello', configPath: '/etc/sniproxy/config.yaml', sinceSeconds: 0, lines: 5 });
const withCode = (code: string, words: RegExp) => (error: unknown) =>
  isHeadroomError(error) && error.code === code && words.test(error.message);

type Names = Record<string, string[]>;

async function setUp(t: TestContext, privateKey: string, certificate: string | null = null, names: Names = {}) {
  const db = await testDatabase(t);
  await registerNode(db, 'n_1');
  // deeper than a socket's path may be
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-openssh-'));
  const dir = path.join(root, 'd'.repeat(120), 'ssh');
  const asked: string[] = [];
  const lookup = async (name: string) => {
    asked.push(name);
    const found = names[name];
    if (!found) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    return found;
  };
  const openssh = { dir, certificate: async () => certificate, lookup };
  const ssh = createSsh({ db, identity: async () => privateKey, clock: systemClock, log: pino({ level: 'silent' }), openssh });
  t.after(async () => {
    await ssh.close();
    fs.rmSync(root, { recursive: true, force: true });
  });
  return { db, ssh, dir, asked };
}

test('a node behind a jump host is reached once both keys are approved; neither is taken on trust', async (t) => {
  const client = makeKeyPair();
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { client, env: { PATH: node.env.PATH } });
  const jump = await startOpenSsh(t, { client });
  const { db, ssh } = await setUp(t, client.private);
  const target = { ...server.target('n_1'), transport: 'openssh', proxyJump: `${jump.user}@127.0.0.1:${jump.port}` } as const;
  await assert.rejects(
    ssh.exec(target, hello),
    withCode('ssh.host-key-unknown', new RegExp(`jump host .*${jump.fingerprint().replace(/[+/]/g, '.')}`)),
  );
  const wrong = { ...target, proxyJumpKey: server.fingerprint() };
  await assert.rejects(ssh.exec(wrong, hello), withCode('ssh.host-key-changed', /^The jump host/));
  const through = { ...target, proxyJumpKey: jump.fingerprint() };
  await assert.rejects(ssh.exec(through, hello), withCode('ssh.host-key-unknown', /^The host key of node-n_1 is not approved yet/));
  await pin(db, 'n_1', server.fingerprint());
  assert.equal((await ssh.exec(through, hello)).exitCode, 0);
  await jump.kill();
  await until('the lost session is noticed', () => ssh.sessions() === 0);
  await assert.rejects(ssh.exec(through, hello), withCode('ssh.unreachable', /was refused/));
});

test('a name is looked up once, and ssh connects to what was looked at: it has no name to ask for once more (DNS rebinding)', async (t) => {
  const node = fakeNode(t);
  const client = makeKeyPair();
  const server = await startOpenSsh(t, { client, env: { PATH: node.env.PATH } });
  const jump = await startOpenSsh(t, { client });
  // names that no name server knows: who asked one would not connect
  const names = { 'edge.invalid': ['127.0.0.1'], 'two.invalid': ['127.0.0.99', '127.0.0.1'], 'bastion.invalid': ['127.0.0.1'] };
  const { db, ssh, asked } = await setUp(t, client.private, null, names);
  await pin(db, 'n_1', server.fingerprint());
  const direct = { ...server.target('n_1'), transport: 'openssh' } as const;
  assert.equal((await ssh.exec({ ...direct, host: 'edge.invalid' }, hello)).exitCode, 0);
  assert.deepEqual(asked, ['edge.invalid']);
  assert.equal((await ssh.exec({ ...direct, host: 'two.invalid' }, hello)).exitCode, 0);
  const through = { proxyJump: `${jump.user}@bastion.invalid:${jump.port}`, proxyJumpKey: jump.fingerprint() };
  assert.equal((await ssh.exec({ ...direct, ...through }, hello)).exitCode, 0);
  assert.deepEqual(asked.slice(1), ['two.invalid', 'bastion.invalid']);
  await assert.rejects(ssh.exec({ ...direct, host: 'gone.invalid' }, hello), withCode('ssh.unreachable', /host name is not known/));
  await assert.rejects(ssh.exec({ ...direct, host: 'localhost' }, hello), withCode('ssh.unreachable', /host name is not known/));
});

test('a key that an authority signed is let in by its certificate', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headroom-ca-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const [authority, client] = [makeKeyPair(), makeKeyPair()];
  fs.writeFileSync(path.join(dir, 'ca'), authority.private, { mode: 0o600 });
  fs.writeFileSync(path.join(dir, 'ca.pub'), `${authority.public}\n`);
  fs.writeFileSync(path.join(dir, 'id.pub'), `${client.public}\n`);
  const words = ['-q', '-s', 'ca', '-I', 'console', '-n', os.userInfo().username, 'id.pub'];
  const signed = spawnSync('ssh-keygen', words, { cwd: dir, encoding: 'utf8' });
  assert.equal(signed.status, 0, signed.stderr);
  const node = fakeNode(t);
  const lines = [`TrustedUserCAKeys ${path.join(dir, 'ca.pub')}`];
  const server = await startOpenSsh(t, { lines, env: { PATH: node.env.PATH } });
  const target = { ...server.target('n_1'), transport: 'openssh' } as const;
  const without = await setUp(t, client.private);
  await pin(without.db, 'n_1', server.fingerprint());
  await assert.rejects(without.ssh.exec(target, hello), withCode('ssh.auth-failed', /refused our key/));
  const { db, ssh } = await setUp(t, client.private, fs.readFileSync(path.join(dir, 'id-cert.pub'), 'utf8'));
  await pin(db, 'n_1', server.fingerprint());
  assert.equal((await ssh.exec(target, hello)).exitCode, 0);
});

test('the private key is never a file, the folder is ours alone, and closing leaves nothing', async (t) => {
  const node = fakeNode(t);
  const server = await startOpenSsh(t, { env: { PATH: node.env.PATH } });
  const { db, ssh, dir } = await setUp(t, server.privateKey);
  await pin(db, 'n_1', server.fingerprint());
  assert.equal((await ssh.exec({ ...server.target('n_1'), transport: 'openssh' }, hello)).exitCode, 0);
  assert.equal(fs.statSync(dir).mode & 0o777, 0o700);
  const files = fs.readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  assert.ok(files.length >= 2);
  for (const { parentPath, name } of files) {
    const file = path.join(parentPath, name);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600, file);
    assert.doesNotMatch(fs.readFileSync(file, 'utf8'), /PRIVATE KEY/);
  }
  const inFolder = () =>
    spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
      .stdout.split('\n')
      .map((line) => Number(line.trim().split(' ')[0]))
      .filter((pid) => cwdOf(pid) === dir);
  assert.ok(inFolder().length >= 2, 'a master and an agent');
  await ssh.close();
  await until('master and agent ended', () => inFolder().length === 0);
  assert.ok(!fs.existsSync(dir));
});

function cwdOf(pid: number): string | null {
  try {
    return fs.readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return null;
  }
}
