import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES } from '#shared/errors.ts';

const root = path.resolve(import.meta.dirname, '../..');

test('docs/troubleshooting.md says of every error code why it comes and what to do, and of no other', () => {
  const page = fs.readFileSync(path.join(root, 'docs/troubleshooting.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+\.[a-z-]+)` \| (.+) \| (.+) \|$/gm)].map(([, code = '', why = '', act = '']) => ({
    code,
    why,
    act,
  }));
  const told = rows.map(({ code }) => code);
  assert.deepEqual(told.toSorted(), Object.keys(ERROR_CODES).toSorted());
  for (const { code, why, act } of rows) assert.ok(why.length > 10 && act.length > 5, code);
});
