import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type DemoFile, writeDemoFile } from '#demo/demo-file.ts';
import { readDemoFile } from '#demo/index.ts';
import { claimDataDir, DataDirError } from '#demo/supervisor/data-dir.ts';

const tempDir = (t: TestContext) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'demo-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  return dir;
};
const content: DemoFile = { url: 'http://127.0.0.1:1', signInUrl: null, apiToken: 'hr_x', consolePid: 1, nodes: [] };

describe('demo.json', () => {
  test('is private, replaced in one step, and null before it is there', (t) => {
    const dir = tempDir(t);
    assert.equal(readDemoFile(dir), null);
    writeDemoFile(dir, content);
    assert.equal(fs.statSync(path.join(dir, 'demo.json')).mode & 0o777, 0o600);
    const first = fs.statSync(path.join(dir, 'demo.json')).ino;
    writeDemoFile(dir, { ...content, consolePid: 2 });
    assert.equal(readDemoFile(dir)?.consolePid, 2);
    assert.notEqual(fs.statSync(path.join(dir, 'demo.json')).ino, first);
    assert.deepEqual(fs.readdirSync(dir), ['demo.json']);
  });
});

describe('the data directory of a demo', () => {
  test('a new or an empty folder becomes its own', async (t) => {
    const dir = path.join(tempDir(t), 'a', 'b');
    const { socketPath } = await claimDataDir(dir);
    assert.equal(path.dirname(socketPath), dir);
    assert.deepEqual(fs.readdirSync(dir), ['.headroom-demo']);
  });

  test('what an earlier demo left is cleared away', async (t) => {
    const dir = tempDir(t);
    const first = await claimDataDir(dir);
    fs.mkdirSync(path.join(dir, 'nodes', 'x'), { recursive: true });
    writeDemoFile(dir, content);
    fs.writeFileSync(path.join(dir, 'headroom.db'), '');
    const second = await claimDataDir(dir);
    assert.deepEqual(fs.readdirSync(dir), ['.headroom-demo']);
    assert.notEqual(first.fleetId, second.fleetId);
  });

  test('a folder with anything else in it is refused and left as it is', async (t) => {
    const dir = tempDir(t);
    fs.writeFileSync(path.join(dir, 'headroom.db'), 'precious');
    await assert.rejects(claimDataDir(dir), (error) => error instanceof DataDirError && /headroom\.db/.test(error.message));
    assert.equal(fs.readFileSync(path.join(dir, 'headroom.db'), 'utf8'), 'precious');
  });

  test('a path too long for a unix socket puts the socket elsewhere', async (t) => {
    const dir = path.join(tempDir(t), 'x'.repeat(100));
    const { socketPath } = await claimDataDir(dir);
    assert.ok(Buffer.byteLength(socketPath) <= 107, socketPath);
  });
});
