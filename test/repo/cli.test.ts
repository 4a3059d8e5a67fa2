import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { COMMANDS } from '#cli/commands.ts';
import { cliGuide } from '#cli/guide.ts';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');

describe('the command line', () => {
  test('docs/cli.md is the table of commands: after a change of it, run node scripts/cli-guide.ts', () => {
    assert.equal(read('docs/cli.md'), cliGuide());
  });

  test('npx headroom is the launcher, in package.json as in the lockfile', () => {
    const { bin } = JSON.parse(read('package.json'));
    assert.deepEqual(bin, { headroom: 'scripts/headroom.mjs' });
    assert.deepEqual(JSON.parse(read('package-lock.json')).packages[''].bin, bin);
    assert.ok((fs.statSync(path.join(root, bin.headroom)).mode & 0o111) !== 0, 'it can be run');
  });

  test('every command that a guide shows is one that there is', () => {
    const shown = fs
      .readdirSync(path.join(root, 'docs'))
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        [...read(`docs/${file}`).matchAll(/`(?:npx )?headroom ([a-z][a-z-]*(?: [a-z][a-z-]*)?)/g)].map(([, words]) => `${file}: ${words}`),
      );
    assert.ok(shown.length > 10, `${shown.length} are shown`);
    const known = (words: string) =>
      COMMANDS.some(({ name }) => words === name || words.startsWith(`${name} `) || name.startsWith(`${words} `));
    assert.deepEqual(
      shown.filter((line) => !known(line.split(': ')[1] ?? '')),
      [],
    );
  });
});
