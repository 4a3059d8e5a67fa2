import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '#server/db/index.ts';
import { createSettings, openKeyring } from '#server/settings/index.ts';

const NAMES = Array.from({ length: 20 }, (_, i) => `secret-${i}`);

async function dataDirectory(t: TestContext): Promise<string> {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'rotation-'));
  t.after(() => fs.rmSync(dataDir, { recursive: true, force: true }));
  const db = await openDatabase({ file: path.join(dataDir, 'headroom.db') });
  const { sealed } = createSettings({ db, keyring: await openKeyring(db, { dataDir, secret: null, secretPrevious: null }) });
  for (const name of NAMES) await sealed.set(name, `the words of ${name}`);
  await db.destroy();
  return dataDir;
}

/** What a console that starts now reads. */
async function readAll(dataDir: string): Promise<void> {
  const db = await openDatabase({ file: path.join(dataDir, 'headroom.db') });
  const { sealed } = createSettings({ db, keyring: await openKeyring(db, { dataDir, secret: null, secretPrevious: null }) });
  for (const name of NAMES) assert.equal(await sealed.get(name), `the words of ${name}`);
  await db.destroy();
}

const rotate = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'rotation-process.ts'), ...args], { encoding: 'utf8', timeout: 30_000 });

test('killed at any step, a change of the key leaves every secret readable, one key, and the next change works', async (t) => {
  const dataDir = await dataDirectory(t);
  const steps = rotate(dataDir).stdout.trim().split('\n');
  assert.ok(steps.length >= 5, steps.join());
  const key = () => fs.readFileSync(path.join(dataDir, 'secret')).toString('hex');
  for (const step of steps) {
    const before = key();
    const { signal, stderr } = rotate(dataDir, step);
    assert.equal(signal, 'SIGKILL', stderr);
    await readAll(dataDir);
    assert.equal(fs.existsSync(path.join(dataDir, 'secret.next')), false, step);
    assert.equal(key() !== before, ['committed', 'the old key is gone'].includes(step), step);
  }
  assert.equal(rotate(dataDir).status, 0);
  await readAll(dataDir);
});
