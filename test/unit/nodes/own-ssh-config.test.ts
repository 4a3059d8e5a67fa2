import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { readOwnSshConfig } from '#server/nodes/own-ssh-config.ts';

function home(t: TestContext): { home: string; file: string } {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'own-ssh-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  fs.mkdirSync(path.join(dir, '.ssh'));
  return { home: dir, file: path.join(dir, '.ssh', 'config') };
}

test('only the lines that say how a host is reached are handed out, in their places', async (t) => {
  const { home: at, file } = home(t);
  fs.writeFileSync(
    file,
    '# mine\nHost edge-01\n  HostName 10.0.0.11\n  IdentityFile ~/.ssh/secret\n  ProxyCommand nc --key hunter2\n  Port 2222\n',
  );
  const read = await readOwnSshConfig(at);
  assert.deepEqual(read, { file, exists: true, text: '\nHost edge-01\n  HostName 10.0.0.11\n\n\n  Port 2222\n', hosts: 1, leftOut: 2 });
});

test('no file is an answer, no error', async (t) => {
  const { home: at, file } = home(t);
  assert.deepEqual(await readOwnSshConfig(at), { file, exists: false, text: '', hosts: 0, leftOut: 0 });
});

test('what is no plain file, or too large, is refused at once', async (t) => {
  const { home: at, file } = home(t);
  execFileSync('/usr/bin/mkfifo', [file]);
  await assert.rejects(readOwnSshConfig(at), /no plain file/);
  fs.rmSync(file);
  fs.writeFileSync(file, 'x'.repeat(600_000));
  await assert.rejects(readOwnSshConfig(at), /more than 524288/);
});
