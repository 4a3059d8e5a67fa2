import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');
const page = read('docs/comparison.md');
const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => /^\| (?!\*\*|---|\|| )/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
const rows = rowsOf(page);
const skips: unknown = JSON.parse(read('test/skips.json'));

/** Whether the cell's link names a test that is in its file, and is never skipped in CI. */
function isProven(cell: string): boolean {
  const [, file = '', name = ''] = /^\[[^\]]+\]\(\.\.\/(\S+?) ["'](.+)["']\)$/.exec(cell) ?? [];
  if (name === '' || !fs.existsSync(path.join(root, file)) || !read(file).includes(name)) return false;
  const skipped = Object.entries(skips ?? {}).find(([skippedIn]) => skippedIn === file)?.[1] ?? {};
  return !Object.keys(skipped).some((title) => title.includes(name));
}

describe('what is claimed', () => {
  test('beside others: each claim names a test that is there: its file, and what it is called', () => {
    assert.ok(rows.length > 70, `${rows.length} claims`);
    assert.deepEqual(
      rows.filter(([, , ours = '']) => !/^\[[●◐]\]/.test(ours) || !isProven(ours)),
      [],
    );
  });

  test('of reliability: each thing that every run of the tests tries names its test', () => {
    const [, section = ''] = /## Tried by every run of the tests\n([\s\S]*?)\n(?:<!--|## )/.exec(read('docs/reliability.md')) ?? [];
    const tried = rowsOf(section).filter(([, what]) => what !== 'what is done');
    assert.ok(tried.length >= 19, `${tried.length} trials`);
    assert.deepEqual(
      tried.filter(([, what = '']) => !isProven(what)),
      [],
    );
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
