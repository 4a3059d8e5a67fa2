import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { ConfigError } from '#server/kernel/config.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { createSettings, currentKeyId, openKeyring, rotateSecrets } from '#server/settings/index.ts';
import { keyId, seal, unseal } from '#server/settings/seal.ts';
import { makeSshIdentity } from '#server/settings/ssh-identity.ts';
import { testDatabase } from '#test/support/database.ts';
import { testKeyring } from '#test/support/keyring.ts';

const tempDir = (t: TestContext) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'settings-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};
const source = (dataDir: string, secret: Buffer | null = null, secretPrevious: Buffer | null = null) => ({
  dataDir,
  secret,
  secretPrevious,
});
const refusal = (words: RegExp) => (error: unknown) => error instanceof ConfigError && words.test(error.message);

describe('sealed secrets', () => {
  test('come back as they were, and are not readable in the database', async (t) => {
    const db = await testDatabase(t);
    const { sealed } = createSettings({ db, keyring: await testKeyring(db) });
    await sealed.set('a', 'the secret words');
    assert.equal(await sealed.get('a'), 'the secret words');
    assert.equal(await sealed.get('b'), null);
    const kept = JSON.stringify(await db.selectFrom('secrets').selectAll().execute());
    for (const form of ['utf8', 'base64', 'base64url', 'hex'] as const)
      assert.ok(!kept.includes(Buffer.from('the secret words').toString(form)), form);
    await sealed.remove('a');
    assert.equal(await sealed.get('a'), null);
  });

  test('of processes that make one at the same time the first counts, for all of them', async (t) => {
    const db = await testDatabase(t);
    const keyring = await testKeyring(db);
    const made = await Promise.all(['1', '2', '3'].map((value) => createSettings({ db, keyring }).sealed.make('a', value)));
    assert.deepEqual(made, ['1', '1', '1']);
  });

  test('cannot be changed anywhere, cut, moved to another name, or opened with another key', () => {
    const key = randomBytes(32);
    const sealed = seal(key, 'a', 'words');
    assert.equal(unseal(key, 'a', sealed), 'words');
    assert.throws(() => unseal(key, 'b', sealed));
    assert.throws(() => unseal(randomBytes(32), 'a', sealed), /was sealed with key/);
    for (let at = 0; at < sealed.length; at++) {
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'Q' : 'A'}${sealed.slice(at + 1)}`;
      // the last character of a part may hold bits that are no part of it
      if (changed.split('.').every((part, i) => same(part, sealed.split('.')[i] ?? ''))) continue;
      assert.throws(() => unseal(key, 'a', changed), `changed at ${at}`);
      assert.throws(() => unseal(key, 'a', sealed.slice(0, at)), `cut at ${at}`);
    }
  });

  test('the parts of two sealed texts of one name cannot be mixed', () => {
    const key = randomBytes(32);
    const [one, two] = [seal(key, 'a', 'first').split('.'), seal(key, 'a', 'second').split('.')];
    assert.throws(() => unseal(key, 'a', [...one.slice(0, 3), two[3]].join('.')));
  });

  test('the same words are never sealed the same way twice', () => {
    const key = randomBytes(32);
    assert.notEqual(seal(key, 'a', 'words'), seal(key, 'a', 'words'));
  });
});

const same = (a: string, b: string): boolean => Buffer.from(a, 'base64url').equals(Buffer.from(b, 'base64url')) && /^[\w-]{12,}$/.test(a);

describe('the key', () => {
  test('is made once in the data directory, 32 bytes, for its owner alone', async (t) => {
    const [dir, db] = [tempDir(t), await testDatabase(t)];
    await openKeyring(db, source(dir));
    const key = fs.readFileSync(path.join(dir, 'secret'));
    assert.equal(key.length, 32);
    assert.equal(fs.statSync(path.join(dir, 'secret')).mode & 0o777, 0o600);
    await openKeyring(db, source(dir));
    assert.deepEqual(fs.readFileSync(path.join(dir, 'secret')), key);
    assert.deepEqual(fs.readdirSync(dir), ['secret']);
  });

  test('that others can read, or of another length, stops the start with its path', async (t) => {
    const [dir, db] = [tempDir(t), await testDatabase(t)];
    const file = path.join(dir, 'secret');
    await openKeyring(db, source(dir));
    fs.chmodSync(file, 0o644);
    await assert.rejects(openKeyring(db, source(dir)), refusal(/secret has mode 644: others can read it; chmod it to 600/));
    fs.chmodSync(file, 0o600);
    fs.writeFileSync(file, 'short');
    await assert.rejects(openKeyring(db, source(dir)), refusal(/holds 5 bytes: it should hold 32/));
  });

  test('that is gone or another one is refused with the ids of the keys, and none is made in its place', async (t) => {
    const [dir, db] = [tempDir(t), await testDatabase(t)];
    const file = path.join(dir, 'secret');
    await openKeyring(db, source(dir));
    const id = keyId(fs.readFileSync(file));
    fs.renameSync(file, `${file}.away`);
    await assert.rejects(
      openKeyring(db, source(dir)),
      refusal(new RegExp(`sealed with key ${id} since .*: there is no HEADROOM_SECRET and no .*secret; give it key ${id}`)),
    );
    assert.equal(fs.existsSync(file), false);
    const other = randomBytes(32);
    await assert.rejects(
      openKeyring(db, source(dir, other)),
      refusal(new RegExp(`HEADROOM_SECRET is key ${keyId(other)}; give it key ${id}`)),
    );
    fs.renameSync(`${file}.away`, file);
    await openKeyring(db, source(dir));
  });

  test('of the environment outweighs the file, and is the same for every console on the database', async (t) => {
    const [db, secret] = [await testDatabase(t), randomBytes(40)];
    const [one, two] = await Promise.all([openKeyring(db, source(tempDir(t), secret)), openKeyring(db, source(tempDir(t), secret))]);
    assert.deepEqual(one.root, two.root);
    assert.equal(await currentKeyId(db), keyId(secret));
  });
});

describe('a change of the key', () => {
  test('seals everything anew; what was derived stays, the old key is gone and is named when it comes back', async (t) => {
    const [dir, db] = [tempDir(t), await testDatabase(t)];
    const before = createSettings({ db, keyring: await openKeyring(db, source(dir)) });
    const [identity, sessions] = [await before.sshIdentity(), before.derivedKey('sessions')];
    const old = fs.readFileSync(path.join(dir, 'secret'));
    const sealedBefore = await db.selectFrom('secrets').selectAll().execute();
    const done = await rotateSecrets(db, source(dir));
    assert.deepEqual(done, { from: keyId(old), to: keyId(fs.readFileSync(path.join(dir, 'secret'))), secrets: 3, changed: true });
    for (const row of await db.selectFrom('secrets').selectAll().execute()) assert.ok(row.sealed.startsWith(`v2.${done.to}.`));
    // a thief of the old key and of the new database reads nothing
    for (const { key, sealed } of await db.selectFrom('secrets').selectAll().execute())
      assert.ok(!sealedBefore.some((row) => row.key === key && row.sealed.split('.')[3] === sealed.split('.')[3]));
    const after = createSettings({ db, keyring: await openKeyring(db, source(dir)) });
    assert.deepEqual([await after.sshIdentity(), after.derivedKey('sessions')], [identity, sessions]);
    fs.writeFileSync(path.join(dir, 'secret'), old);
    await assert.rejects(openKeyring(db, source(dir)), refusal(/is key [0-9a-f]{8}, which was replaced at \d{4}-/));
  });

  test('from the file to HEADROOM_SECRET is asked for in words, and takes the file away', async (t) => {
    const [dir, db, secret] = [tempDir(t), await testDatabase(t), randomBytes(32)];
    await createSettings({ db, keyring: await openKeyring(db, source(dir)) }).sealed.set('a', 'words');
    await assert.rejects(openKeyring(db, source(dir, secret)), refusal(/run `headroom rotate-secret` once/));
    await rotateSecrets(db, source(dir, secret));
    assert.deepEqual(fs.readdirSync(dir), []);
    const { sealed } = createSettings({ db, keyring: await openKeyring(db, source(dir, secret)) });
    assert.equal(await sealed.get('a'), 'words');
    assert.equal((await rotateSecrets(db, source(dir, secret))).changed, false);
  });

  test('goes on under consoles that have both keys, and one with the old key alone says so', async (t) => {
    const [db, first, second] = [await testDatabase(t), randomBytes(32), randomBytes(32)];
    const none = tempDir(t);
    const old = createSettings({ db, keyring: await openKeyring(db, source(none, first)) });
    await old.sealed.set('a', 'words');
    const both = createSettings({ db, keyring: await openKeyring(db, source(none, second, first)) });
    await both.sealed.set('b', 'written before');
    await rotateSecrets(db, source(none, second, first));
    await both.sealed.set('c', 'written after');
    const fresh = createSettings({ db, keyring: await openKeyring(db, source(none, second)) });
    for (const settings of [both, fresh])
      assert.deepEqual(await Promise.all(['a', 'b', 'c'].map((key) => settings.sealed.get(key))), [
        'words',
        'written before',
        'written after',
      ]);
    for (const work of [old.sealed.get('a'), old.sealed.set('d', 'x')])
      await assert.rejects(work, (error) => isHeadroomError(error) && error.code === 'server.wrong-key');
    assert.equal(await fresh.sealed.get('d'), null);
  });
});

describe("the console's SSH key", () => {
  test('is a key that OpenSSH reads, with the public half that we show', (t) => {
    const file = path.join(tempDir(t), 'key');
    const { privateKey, publicKey } = makeSshIdentity('headroom');
    fs.writeFileSync(file, privateKey, { mode: 0o600 });
    assert.equal(execFileSync('ssh-keygen', ['-y', '-f', file], { encoding: 'utf8' }).trim(), publicKey);
  });

  test('stays the same over restarts, also of two consoles that start together', async (t) => {
    const [db, secret] = [await testDatabase(t), randomBytes(32)];
    const keyring = await testKeyring(db, secret);
    const [first, second] = await Promise.all([
      createSettings({ db, keyring }).sshIdentity(),
      createSettings({ db, keyring }).sshIdentity(),
    ]);
    assert.deepEqual(first, second);
    assert.deepEqual(await createSettings({ db, keyring: await testKeyring(db, secret) }).sshIdentity(), first);
  });
});
