import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { releasesIn } from '#server/runs/index.ts';

test('a release is read and hashed once for all who ask together, and anew when its file is another one', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'releases-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, bytes: Buffer) => {
    fs.writeFileSync(path.join(folder, name), bytes);
    return createHash('sha256').update(bytes).digest('hex');
  };
  const read: string[] = [];
  const releases = releasesIn(folder, async (file) => {
    read.push(path.basename(file));
    return fs.promises.readFile(file);
  });
  put('a.tar.gz', randomBytes(1000));
  const second = put('b.tar.gz', randomBytes(1000));
  const all = await Promise.all(Array.from({ length: 20 }, () => releases.read(second)));
  assert.deepEqual(read, ['a.tar.gz', 'b.tar.gz']);
  assert.ok(all.every((bytes) => bytes === all[0]));

  const third = put('b.tar.gz', randomBytes(1001));
  await assert.rejects(releases.read(second), /No release with the sha256/);
  assert.equal((await releases.read(third)).length, 1001);
});
