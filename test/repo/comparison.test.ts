import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

const docs = path.resolve(import.meta.dirname, '../../docs');
const rows = fs
  .readFileSync(path.join(docs, 'comparison.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!\*\*|---|\|| )/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('what is claimed beside others', () => {
  test('each claim names a test that is there: its file, and what it is called', () => {
    const unproven = rows.flatMap(([, claim = '', ours = '']) => {
      const [, file = '', name = ''] = /^\[[●◐]\]\((\S+?) ["'](.+)["']\)$/.exec(ours) ?? [];
      const text = file && fs.existsSync(path.join(docs, file)) ? fs.readFileSync(path.join(docs, file), 'utf8') : '';
      return name !== '' && text.includes(name) ? [] : [`${claim}: ${ours}`];
    });
    assert.ok(rows.length > 40, `${rows.length} claims`);
    assert.deepEqual(unproven, []);
  });
});
