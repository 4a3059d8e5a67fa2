import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');

test('every test that docs/security.md names as a proof is there, and every defence names one', () => {
  const page = fs.readFileSync(path.join(root, 'docs/security.md'), 'utf8');
  const proofs = page
    .slice(page.indexOf('## Tests that prove it'))
    .split('\n')
    .filter((line) => /^\| (?!defence|---)/.test(line));
  assert.ok(proofs.length > 15);
  for (const line of proofs) {
    const named = [...line.matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
    assert.ok(named.length > 0, line);
    for (const file of named) assert.ok(fs.existsSync(path.join(root, file)), `${file} is not there`);
  }
  for (const [, at = ''] of page.matchAll(/\]\(([\w-]+\.md)\)/g)) assert.ok(fs.existsSync(path.join(root, 'docs', at)), at);
});
