import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { createHelp } from '#server/help/index.ts';
import { PICTURE_BYTES, PICTURES } from '#test/e2e/support/picture-list.ts';

const root = path.resolve(import.meta.dirname, '../..');
const pages = [
  'README.md',
  ...fs.readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));
/** Every picture that a page shows, from the root of the repository. */
const shown = pages.flatMap((page) =>
  [...fs.readFileSync(path.join(root, page), 'utf8').matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, alt = '', file = '']) => ({
    ...{ page, alt },
    file: path.join(path.dirname(page), file),
  })),
);
const photographs = Object.values(PICTURES).map(({ file }) => file);
const ofGuides = photographs.filter((file) => file.startsWith('docs/'));

describe('the pictures of the guides', () => {
  test('each that a page shows is there, says in words what is on it, and is served at /help', async () => {
    const help = createHelp();
    assert.ok(shown.length >= 8, `${shown.length} pictures are shown`);
    for (const { page, alt, file } of shown) {
      assert.ok(fs.existsSync(path.join(root, file)), `${page} shows ${file}, which is not there`);
      assert.ok(alt.length >= 12, `${page}: ${file} has no words for who does not see it`);
      assert.ok(await help.picture(path.basename(file)), `${file} is not served`);
    }
  });

  test('each screenshot is one that scripts/pictures.ts takes, and each that it takes of a page for the guides is shown', () => {
    const screenshots = [...new Set(shown.map(({ file }) => file))].filter((file) => file.endsWith('.webp'));
    assert.deepEqual(screenshots.sort(), [...ofGuides].sort());
    const lying = fs.readdirSync(path.join(root, 'docs/pictures')).filter((name) => !name.endsWith('.svg'));
    assert.deepEqual(lying.map((name) => `docs/pictures/${name}`).sort(), [...ofGuides].sort());
  });

  test('none is heavy', () => {
    for (const file of photographs) assert.ok(fs.statSync(path.join(root, file)).size <= PICTURE_BYTES, file);
  });
});
