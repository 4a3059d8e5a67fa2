import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createToken } from '#server/access/index.ts';
import { openSqlite } from '#server/db/index.ts';
import { ConfigError, readConfig } from '#server/kernel/config.ts';
import { createLog } from '#server/kernel/log.ts';
import { addNode } from '#server/nodes/index.ts';
import { backup, restore } from '#server/operations/index.ts';
import { tarEntries, tarOf } from '#server/operations/tar.ts';
import { createRuntime, type Runtime } from '#server/runtime.ts';
import type { Actor } from '#shared/access.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const SYSTEM: Actor = { kind: 'system', id: 'system', name: 'test', role: 'admin' };

const tempDir = (t: TestContext) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'backup-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};

const headroom = (dataDir: string, args: string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [path.join(root, 'lib/cli/headroom.ts'), ...args], {
    encoding: 'utf8',
    timeout: 60_000,
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', HEADROOM_DATA_DIR: dataDir, ...env },
  });

async function open(dataDir: string, env: Record<string, string> = {}): Promise<Runtime> {
  const config = readConfig({ HEADROOM_DATA_DIR: dataDir, HEADROOM_LOG_LEVEL: 'silent', ...env });
  const runtime = await createRuntime({ config, log: createLog({ level: 'silent', pretty: false }) });
  await runtime.nodes.refresh();
  return runtime;
}

const add = (runtime: Runtime, i: number) =>
  runtime.command(SYSTEM, addNode, { name: `edge-${i}`, host: `10.0.0.${i}`, user: 'sre', metrics: { via: 'none' } });

const configOf = (dataDir: string, env: Record<string, string> = {}) => readConfig({ HEADROOM_DATA_DIR: dataDir, ...env });
/** Words in which it was refused; fails when it was not. */
const refusal = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ConfigError, `it was not refused: ${error instanceof Error ? error.stack : error}`);
  return error.message;
};

/** A data directory with a fleet in it, its backup, and what a console would say of it. */
async function backedUp(t: TestContext) {
  const [dataDir, folder] = [path.join(tempDir(t), 'data'), tempDir(t)];
  const runtime = await open(dataDir);
  const { publicKey } = await runtime.settings.sshIdentity();
  for (let i = 1; i <= 5; i++) await add(runtime, i);
  const { token } = await runtime.command(SYSTEM, createToken, { name: 'ci', role: 'viewer' });
  fs.mkdirSync(path.join(dataDir, 'runbooks'));
  fs.writeFileSync(path.join(dataDir, 'runbooks', 'own.md'), '---\nkey: own\n---\n');
  await runtime.stop();
  const file = path.join(folder, 'headroom.tar.gz');
  const done = await backup({ config: configOf(dataDir), file, metrics: false, version: '0.1.0' });
  return { dataDir, folder, file, token, publicKey, key: path.join(dataDir, 'secret'), done };
}

describe('a backup', () => {
  test('on a clean machine with the key beside it: the same fleet, audit, keys and tokens', async (t) => {
    const { file, token, publicKey, key, done } = await backedUp(t);
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const clean = path.join(tempDir(t), 'new');
    fs.mkdirSync(clean, { mode: 0o700 });
    fs.copyFileSync(key, path.join(clean, 'secret'));
    const restored = headroom(clean, ['restore', file, '--json']);
    assert.equal(restored.status, 0, restored.stdout);
    assert.deepEqual(JSON.parse(restored.stdout).auditHead, done.manifest.auditHead);
    const runtime = await open(clean);
    t.after(() => runtime.stop());
    assert.deepEqual((await runtime.nodes.list()).map(({ name }) => name).sort(), ['edge-1', 'edge-2', 'edge-3', 'edge-4', 'edge-5']);
    assert.equal((await runtime.audit.verify()).brokenAt, null);
    assert.equal((await runtime.settings.sshIdentity()).publicKey, publicKey);
    assert.equal((await runtime.access.authenticate(new Headers({ authorization: `Bearer ${token}` })))?.name, 'ci');
    assert.ok(fs.existsSync(path.join(clean, 'runbooks/own.md')));
    assert.ok(fs.readdirSync(clean).every((name) => !name.startsWith('.restore-')));
  });

  test('is read by tar, its manifest names every file with its sha256, and neither the key nor a secret in clear is in it', async (t) => {
    const { file, folder, key } = await backedUp(t);
    execFileSync('tar', ['xzf', file, '-C', folder]);
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8'));
    for (const { name, size, sha256 } of manifest.files) {
      const bytes = fs.readFileSync(path.join(folder, name));
      assert.deepEqual([bytes.length, createHash('sha256').update(bytes).digest('hex')], [size, sha256], name);
    }
    assert.deepEqual(manifest.files.map((f: { name: string }) => f.name).sort(), ['headroom.db', 'runbooks/own.md']);
    const all = gunzipSync(fs.readFileSync(file));
    assert.ok(!all.includes(fs.readFileSync(key)) && !all.includes('OPENSSH PRIVATE KEY'));
  });

  test('without its key is refused with the id of the key, and nothing is put there', async (t) => {
    const { file, done } = await backedUp(t);
    const clean = path.join(tempDir(t), 'new');
    for (const env of [{}, { HEADROOM_SECRET: randomBytes(32).toString('hex') }]) {
      const words = await refusal(restore({ config: configOf(clean, env), file }));
      assert.match(words, new RegExp(`sealed with key ${done.manifest.keyId}, which is not in it`));
      assert.deepEqual(fs.readdirSync(clean), ['lock']);
    }
    const told = headroom(clean, ['restore', file]);
    assert.deepEqual([told.status, told.stdout.includes('    at '), told.stderr], [78, false, '']);
  });

  test('is one instant, while a console goes on writing', async (t) => {
    const [dataDir, folder] = [path.join(tempDir(t), 'data'), tempDir(t)];
    const runtime = await open(dataDir);
    t.after(() => runtime.stop());
    let writing = true;
    const acknowledged: number[] = [];
    const writer = (async () => {
      for (let i = 1; writing && i < 250; i++) {
        await add(runtime, i);
        acknowledged.push(i);
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const child = spawn(process.execPath, [path.join(root, 'lib/cli/headroom.ts'), 'backup', path.join(folder, 'b.tgz')], {
      env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', HEADROOM_DATA_DIR: dataDir },
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    assert.equal(await ended, 0);
    writing = false;
    await writer;
    execFileSync('tar', ['xzf', path.join(folder, 'b.tgz'), '-C', folder]);
    const copy = openSqlite(path.join(folder, 'headroom.db'));
    t.after(() => copy.close());
    const nodes = Number(copy.prepare('SELECT count(*) AS n FROM nodes').get()?.n);
    const audited = Number(copy.prepare("SELECT count(*) AS n FROM audit WHERE action = 'node.add'").get()?.n);
    assert.equal(nodes, audited);
    assert.equal(copy.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok');
  });

  test('overwrites nothing, and says what is missing', async (t) => {
    const { dataDir, file, folder } = await backedUp(t);
    const take = (from: string, to: string) => backup({ config: configOf(from), file: to, metrics: false, version: '0.1.0' });
    assert.match(await refusal(take(dataDir, file)), /is there already/);
    assert.match(await refusal(take(folder, `${file}.2`)), /no headroom.db in it/);
    const [nowhere, unasked] = [headroom(dataDir, ['backup', '/proc/nowhere/x']), headroom(dataDir, ['backup'])];
    assert.deepEqual([nowhere.status, /^headroom backup: /.test(nowhere.stdout), unasked.status], [1, true, 2]);
    const url = 'postgres://h:hunter2@127.0.0.1/h';
    const postgres = headroom(dataDir, ['backup', `${file}.2`], {
      HEADROOM_DATABASE_URL: url,
      HEADROOM_SECRET: randomBytes(32).toString('base64'),
    });
    assert.equal(postgres.status, 78);
    assert.match(postgres.stdout, /pg_dump/);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['headroom.tar.gz']);
  });
});

describe('a restore refuses', () => {
  test('a folder with something in it, and one that a console uses', async (t) => {
    const { dataDir, file } = await backedUp(t);
    assert.match(await refusal(restore({ config: configOf(dataDir), file })), /it is not empty/);
    const runtime = await open(dataDir);
    t.after(() => runtime.stop());
    assert.match(await refusal(restore({ config: configOf(dataDir), file })), /a console runs on it/);
  });

  test('every archive that is not what was written: cut, changed, with other names, links, or of a newer version', async (t) => {
    const { file, key } = await backedUp(t);
    const plain = gunzipSync(fs.readFileSync(file));
    const manifest = JSON.parse(plain.subarray(512, 512 + Number.parseInt(plain.toString('latin1', 124, 135), 8)).toString());
    const files = new Map<string, Buffer>();
    for await (const entry of tarEntries(
      (async function* () {
        yield plain;
      })(),
    )) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry.content) chunks.push(chunk);
      files.set(entry.name, Buffer.concat(chunks));
    }
    const archive = async (change: (parts: { name: string; bytes: Buffer }[], m: typeof manifest) => void) => {
      const m = structuredClone(manifest);
      const parts = [...files].filter(([name]) => name !== 'manifest.json').map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }));
      change(parts, m);
      const chunks: Buffer[] = [];
      for await (const chunk of tarOf([{ name: 'manifest.json', bytes: Buffer.from(JSON.stringify(m)) }, ...parts], 0)) chunks.push(chunk);
      return gzipSync(Buffer.concat(chunks));
    };
    const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    const evil = Buffer.from('evil');
    const named = (name: string) =>
      archive((parts, m) => {
        parts.push({ name, bytes: evil });
        m.files.push({ name, size: evil.length, sha256: sha256(evil) });
      });
    const link = gzipSync(
      Buffer.concat([plain.subarray(0, plain.length - 1024), linkHeader('runbooks/own2.md', '/etc/passwd'), Buffer.alloc(1024)]),
    );
    const cases: [name: string, bytes: Buffer, words: RegExp][] = [
      ['cut', fs.readFileSync(file).subarray(0, 4000), /no whole backup/],
      ['no archive', Buffer.from('hello'), /no whole backup/],
      ['empty', Buffer.alloc(0), /no whole backup/],
      ['a byte changed', await archive((parts) => parts[0]?.bytes.writeUInt8(7, 9000)), /is not what was backed up/],
      ['a file missing', await archive((parts) => parts.pop()), /is not in it/],
      ['a file more', await archive((parts) => parts.push({ name: 'runbooks/x.md', bytes: evil })), /its manifest does not name/],
      [
        'a size that lies',
        await archive((_, m) => {
          m.files[0].size = 5;
        }),
        /its manifest says 5/,
      ],
      ['newer', await archive((_, m) => m.schema.push('9999-future')), /a newer one \(it has 9999-future\)/],
      ['a link', link, /no regular file|damaged/],
      ['up and out', await named('../evil'), /its manifest is not one/],
      ['absolute', await named('/tmp/evil'), /its manifest is not one/],
      ['hidden up', await named('runbooks/../../evil'), /its manifest is not one/],
      ['another file of ours', await named('secret'), /its manifest is not one/],
    ];
    for (const [name, bytes, words] of cases) {
      const clean = tempDir(t);
      fs.copyFileSync(key, path.join(clean, 'secret'));
      const bad = path.join(clean, '..', `${path.basename(clean)}.tgz`);
      fs.writeFileSync(bad, bytes);
      t.after(() => fs.rmSync(bad, { force: true }));
      assert.match(await refusal(restore({ config: configOf(clean), file: bad })), words, name);
      assert.deepEqual(fs.readdirSync(clean).sort(), ['lock', 'secret'], name);
    }
  });

  test('to be taken for done when it was killed: the console does not start, and a second restore ends it', async (t) => {
    const { file, key } = await backedUp(t);
    const clean = tempDir(t);
    fs.copyFileSync(key, path.join(clean, 'secret'));
    fs.mkdirSync(path.join(clean, '.restore-1'));
    fs.mkdirSync(path.join(clean, 'runbooks'));
    await assert.rejects(open(clean), /a restore into it did not come to its end/);
    await restore({ config: configOf(clean), file });
    assert.deepEqual(fs.readdirSync(path.join(clean, 'runbooks')), ['own.md']);
  });
});

describe('a change of the key by the command line', () => {
  test('refuses while a console runs; else everything is readable afterwards, audited, and the audit holds', async (t) => {
    const { dataDir, publicKey } = await backedUp(t);
    const running = await open(dataDir);
    const refused = headroom(dataDir, ['rotate-secret']);
    assert.deepEqual([refused.status, /a console runs on it; stop it/.test(refused.stdout)], [78, true]);
    await running.stop();
    const done = headroom(dataDir, ['rotate-secret', '--json']);
    assert.equal(done.status, 0, done.stdout + done.stderr);
    const runtime = await open(dataDir);
    t.after(() => runtime.stop());
    assert.equal((await runtime.settings.sshIdentity()).publicKey, publicKey);
    const [last] = await runtime.audit.list({ limit: 1 });
    assert.deepEqual([last?.action, JSON.parse(last?.after ?? '{}').keyId], ['secret.rotate', JSON.parse(done.stdout).to]);
    assert.equal((await runtime.audit.verify()).problem, null);
    const { from } = JSON.parse(done.stdout);
    const file = fs.readFileSync(path.join(dataDir, 'headroom.db')).toString('latin1');
    assert.ok(!file.includes(`v2.${from}.`), 'what the old key opens is still in the file');
  });
});

describe('headroom config', () => {
  test('prints every setting, and nothing secret; a wrong one is named, exit code 78', (t) => {
    const secrets = { HEADROOM_SECRET: randomBytes(32).toString('base64'), HEADROOM_ADMIN_PASSWORD: 'canary-password-1' };
    const env = { ...secrets, HEADROOM_ADMIN_EMAIL: 'a@example.com', HEADROOM_DATABASE_URL: 'postgres://u:canary-pw@h/d', PORT: '8080' };
    const told = headroom(tempDir(t), ['config'], env);
    assert.equal(told.status, 0, told.stdout);
    assert.match(told.stdout, /^PORT +8080 +\(environment; default: 3000\)$/m);
    assert.match(told.stdout, /^HEADROOM_DATABASE_URL +postgres:\/\/u:\*\*\*@h\/d/m);
    assert.ok(!/canary/.test(told.stdout) && !told.stdout.includes(secrets.HEADROOM_SECRET));
    const wrong = headroom(tempDir(t), ['config', '--json'], { PORT: 'x', HEADROOM_SECRET: 'hunter2' });
    assert.equal(wrong.status, 78);
    assert.deepEqual(JSON.parse(wrong.stdout).problems, [
      'PORT is "x": it should be a port number, 1 to 65535',
      'HEADROOM_SECRET is a value that is not shown: it should be 32 random bytes or more in base64 or hex, like `openssl rand -base64 32` prints',
    ]);
  });
});

/** A header of a symbolic link, with a right checksum. */
function linkHeader(name: string, to: string): Buffer {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000600\x000000000\x000000000\x0000000000000\x0000000000000\0', 100, 'latin1');
  head.write('        2', 148);
  head.write(to, 157);
  head.write('ustar\x0000', 257, 'latin1');
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return head;
}
