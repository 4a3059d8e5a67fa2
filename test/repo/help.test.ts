import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { HELP_PAGES } from '#server/help/contents.ts';
import { createHelp, leadsTo } from '#server/help/index.ts';
import { renderGuide } from '#server/help/render.ts';

const docs = path.resolve(import.meta.dirname, '../../docs');
const guides = fs.readdirSync(docs).filter((file) => file.endsWith('.md'));

describe('the guides', () => {
  test('each file of docs/ is on the help pages, and each help page has its file', () => {
    assert.deepEqual(HELP_PAGES.map(({ file }) => file).sort(), [...guides].sort());
  });

  test('each is a page with one title, and shows markup that stands in its text as text', async () => {
    const help = createHelp();
    for (const { slug } of HELP_PAGES) {
      const guide = await help.guide(slug);
      assert.equal([...(guide?.html ?? '').matchAll(/<h1 /g)].length, 1, slug);
    }
    const { html } = renderGuide('# T\n\n<img src=x onerror=alert(1)> [a](javascript:alert(1)) `<b>`', leadsTo);
    assert.ok(!/<img|href="javascript|<b>/.test(html), html);
  });

  test('nothing but the guides and their pictures is served', async () => {
    const help = createHelp();
    for (const slug of ['../README', 'openapi.json', 'decisions/0001-one-process', '']) assert.equal(await help.guide(slug), null, slug);
    for (const name of ['../openapi.json', '..%2fREADME.md', 'x.html', 'a/b.png']) assert.equal(await help.picture(name), null, name);
  });
});
