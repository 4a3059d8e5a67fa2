import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createContentPolicy, inlineScriptHashes } from '#app/api/_http/content-policy.ts';

const hash = (script: string) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`;

test('the inline scripts of built pages are allowed by their hashes, and nothing else that is inline', (t) => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pages-'));
  t.after(() => fs.rmSync(dir, { recursive: true }));
  fs.mkdirSync(path.join(dir, 'nodes'));
  fs.writeFileSync(
    path.join(dir, 'index.html'),
    '<script src="/a.js" async=""></script><script>one()</script><script id="x">two(\n)</script>',
  );
  fs.writeFileSync(path.join(dir, 'nodes/new.html'), '<script>one()</script><script noModule="" src="/b.js">never()</script>');
  fs.writeFileSync(path.join(dir, 'page.js'), '<script>notAPage()</script>');
  const hashes = inlineScriptHashes(dir);
  assert.deepEqual(hashes, [hash('one()'), hash('two(\n)')].sort());
  const scripts = /script-src ([^;]*)/.exec(createContentPolicy(hashes)())?.[1] ?? '';
  assert.ok(!scripts.includes('unsafe'));
  for (const one of hashes) assert.ok(scripts.includes(one));
});

test('before a build there are no pages, and no hashes', () => assert.deepEqual(inlineScriptHashes('/nonexistent/pages'), []));

test('every answer has a nonce of its own, of 128 bits', () => {
  const policy = createContentPolicy([]);
  const nonces = Array.from({ length: 50 }, () => /'nonce-([A-Za-z0-9+/]{22}==)'/.exec(policy())?.[1]);
  assert.equal(new Set(nonces).size, 50);
  assert.ok(!nonces.includes(undefined));
});
