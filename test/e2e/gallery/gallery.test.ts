import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PICTURES } from '../support/picture-list.ts';
import { difference } from '../support/pixels.ts';
import { openStudio, type Studio } from '../support/studio.ts';

const root = path.resolve(import.meta.dirname, '../../..');
/** The share of pixels in which a page may differ from its picture: letters of another Chromium, not another layout. */
const TOLERANCE = 0.01;
const STATES = ['Loading', 'Empty', 'Stale', 'Offline', 'Nothing matches', 'Partial', 'Error', 'Forbidden', 'Blocked', 'Conflict'];

describe('the gallery of what a page can look like', { concurrency: false }, () => {
  let studio: Studio;
  let taken: Record<string, Buffer>;
  before(async () => {
    studio = await openStudio();
    taken = { 'gallery-light': await studio.take('gallery-light'), 'gallery-dark': await studio.take('gallery-dark') };
  });
  after(() => studio?.close());

  const apart = async (one: Buffer, other: Buffer) => {
    const page = await studio.browser.newPage();
    try {
      return await difference(page, one, other);
    } finally {
      await page.close();
    }
  };

  for (const name of ['gallery-light', 'gallery-dark'])
    test(`${name} looks as it was agreed: after a wanted change, node scripts/pictures.ts ${name}, and look at it`, async () => {
      const agreed = fs.readFileSync(path.join(root, PICTURES[name]?.file ?? ''));
      const share = await apart(agreed, taken[name] ?? Buffer.alloc(0));
      assert.ok(share <= TOLERANCE, `${(share * 100).toFixed(2)} % of the pixels are others`);
    });

  test('a change that a person would see is noticed', async () => {
    const { 'gallery-light': light = Buffer.alloc(0), 'gallery-dark': dark = Buffer.alloc(0) } = taken;
    assert.ok((await apart(light, dark)) > 0.5);
    assert.equal(await apart(light, light), 0);
  });

  test('the same page gives the same picture: the clock and the data stand', async () => {
    assert.ok((await apart(await studio.take('incident'), await studio.take('incident'))) < TOLERANCE);
  });

  test('every state that a page can be in is there', async () => {
    const page = await studio.browser.newPage();
    await page.goto(`${studio.mock.url}/gallery`);
    const shown = await page.locator('.gallery figcaption b').allInnerTexts();
    assert.deepEqual(
      STATES.filter((state) => !shown.includes(state)),
      [],
    );
    await page.close();
  });
});
