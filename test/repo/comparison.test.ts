import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

const docs = path.resolve(import.meta.dirname, '../../docs');
const page = fs.readFileSync(path.join(docs, 'comparison.md'), 'utf8');
const rows = page
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
    assert.ok(rows.length > 70, `${rows.length} claims`);
    assert.deepEqual(unproven, []);
  });

  test('each product that a cell names has its source', () => {
    const sources = [...page.slice(page.indexOf('## Where the cells come from')).matchAll(/\*\*([^*]+)\*\*/g)].map(([, name = '']) => name);
    const nobody = /^(all|all others|most|once-per-change by outbox: not seen|not published by any)$/;
    const named = rows.flatMap(([claim = '', , , others = '']) =>
      others
        .replace(/\([^)]*\)/g, '')
        .split(/[;,+●◐○$]| and | only by |demos:| with /)
        .map((name) => name.trim())
        .filter((name) => name !== '' && !nobody.test(name) && !['terminating', 'IRM'].includes(name))
        .map((name) => ({ claim, name })),
    );
    assert.ok(named.length > 200, `${named.length} cells`);
    assert.deepEqual(
      named.filter(({ name }) => !sources.some((source) => name === source || name === `${source} IRM`)),
      [],
    );
  });
});
