import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { isOpen } from '#app/page-guard.ts';

const root = path.resolve(import.meta.dirname, '../../..');

describe('the guard before the pages', () => {
  test('every page but those to come in by needs a session', () => {
    const pages = fs
      .readdirSync(path.join(root, 'app'), { recursive: true, encoding: 'utf8' })
      .filter((file) => path.basename(file) === 'page.tsx')
      .map((file) => `/${path.dirname(file)}`.replace(/\/\([^)]+\)/g, '').replace(/\/\.$/, '') || '/');
    assert.ok(pages.length >= 5, `${pages.length} pages`);
    assert.deepEqual(pages.filter(isOpen).sort(), ['/link', '/login', '/setup']);
  });

  test('no path slips through by looking like an open one', () => {
    for (const slip of ['/login/x', '/loginx', '/_next', '/setup/../runs', '/apix', '/x/_next/y', '/', '//login'])
      assert.equal(isOpen(slip), false, slip);
  });
});
