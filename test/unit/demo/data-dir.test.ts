import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { claimDataDir } from '#demo/supervisor/data-dir.ts';

test('a data folder that cannot be made is refused at once, by its name', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'data-dir-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const file = path.join(dir, 'file');
  fs.writeFileSync(file, '');
  for (const wrong of ['/proc/headroom', file, path.join(file, 'below'), path.join(dir, 'd'.repeat(300))])
    await assert.rejects(claimDataDir(wrong), (error) => String(error).includes(`HEADROOM_DATA_DIR is ${wrong}, which cannot be a folder`));
  assert.deepEqual(fs.readdirSync(dir), ['file'], 'nothing half-done is left');
});

test('a data folder with spaces and missing parents is made, for its owner alone', async (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'data-dir-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const wanted = path.join(dir, 'a b', 'c d');
  await claimDataDir(wanted);
  assert.equal(fs.statSync(wanted).mode & 0o777, 0o700);
});
