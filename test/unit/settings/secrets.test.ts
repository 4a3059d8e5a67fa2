import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { createSettings, loadDataKey } from '#server/settings/index.ts';
import { seal, unseal } from '#server/settings/seal.ts';
import { makeSshIdentity } from '#server/settings/ssh-identity.ts';
import { testDatabase } from '#test/support/database.ts';

const tempDir = (t: { after(fn: () => void): void }) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'settings-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};

describe('sealed secrets', () => {
  test('come back as they were, and are not readable in the database', async (t) => {
    const db = await testDatabase(t);
    const settings = createSettings({ db, dataKey: randomBytes(32) });
    await settings.sealed.set('a', 'the secret words');
    assert.equal(await settings.sealed.get('a'), 'the secret words');
    assert.equal(await settings.sealed.get('b'), null);
    assert.ok(!JSON.stringify(await db.selectFrom('secrets').selectAll().execute()).includes('secret words'));
  });

  test('cannot be changed, moved to another name, or opened with another key', () => {
    const key = randomBytes(32);
    const sealed = seal(key, 'a', 'words');
    assert.throws(() => unseal(key, 'b', sealed));
    assert.throws(() => unseal(key, 'a', `${sealed.slice(0, -2)}AA`));
    assert.throws(() => unseal(randomBytes(32), 'a', sealed), /was sealed with key/);
  });

  test('the same words are never sealed the same way twice', () => {
    const key = randomBytes(32);
    assert.notEqual(seal(key, 'a', 'words'), seal(key, 'a', 'words'));
  });
});

describe('the data key', () => {
  test('is made once, 32 bytes, for its owner alone', (t) => {
    const dir = tempDir(t);
    const key = loadDataKey(dir);
    assert.equal(key.length, 32);
    assert.equal(fs.statSync(path.join(dir, 'secret')).mode & 0o777, 0o600);
    assert.deepEqual(loadDataKey(dir), key);
  });

  test('that others can read, or of another length, stops the start with its path', (t) => {
    const file = path.join(tempDir(t), 'secret');
    loadDataKey(path.dirname(file));
    fs.chmodSync(file, 0o644);
    assert.throws(() => loadDataKey(path.dirname(file)), /secret has mode 644: others can read it; chmod it to 600/);
    fs.chmodSync(file, 0o600);
    fs.writeFileSync(file, 'short');
    assert.throws(() => loadDataKey(path.dirname(file)), /holds 5 bytes: it should hold 32/);
  });
});

describe("the console's SSH key", () => {
  test('is a key that OpenSSH reads, with the public half that we show', (t) => {
    const file = path.join(tempDir(t), 'key');
    const { privateKey, publicKey } = makeSshIdentity('headroom');
    fs.writeFileSync(file, privateKey, { mode: 0o600 });
    assert.equal(execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim(), publicKey);
  });

  test('stays the same over restarts', async (t) => {
    const [db, dataKey] = [await testDatabase(t), randomBytes(32)];
    const first = await createSettings({ db, dataKey }).sshIdentity();
    assert.deepEqual(await createSettings({ db, dataKey }).sshIdentity(), first);
  });
});
