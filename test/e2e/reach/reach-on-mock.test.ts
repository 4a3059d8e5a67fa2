import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { RUN } from '../support/picture-list.ts';
import { difference } from '../support/pixels.ts';
import { openStudio, type Studio, settled } from '../support/studio.ts';

const NODE = '/nodes/id-edge-01';
const PATHS = [
  ...['/', NODE, `${NODE}?tab=fds`, `/runs/${RUN}`, '/incidents/i-1', '/runbooks/fd-leak', '/alerts', '/compare?q=name=edge-01,edge-03'],
  ...['/changes/new', '/settings', '/nodes/new', '/gallery', '/help/quick-start', '/help/cli'],
];
/** A desk of 1440 px whose letters are twice as large. */
const ZOOMED = { viewport: { width: 720, height: 450 }, deviceScaleFactor: 2 };

/** Text that nobody can read as it is: cut off without a sign, or beyond an edge to which nothing scrolls. */
const cutOff = (page: Page) =>
  page.evaluate(() => {
    const found: string[] = [];
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) found.push(`the page scrolls sideways by ${root.scrollWidth - root.clientWidth} px`);
    for (const element of document.body.querySelectorAll<HTMLElement>('*')) {
      const words = [...element.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.textContent?.trim());
      if (!words || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest('svg, .vh, .u-over'))
        continue;
      const box = element.getBoundingClientRect();
      const what = () => `"${element.textContent.trim().slice(0, 40)}" (${element.tagName.toLowerCase()}.${element.className})`;
      const style = getComputedStyle(element);
      const told =
        style.textOverflow === 'ellipsis' && (element.title !== '' || element.closest('[title]') !== null || element.closest('a') !== null);
      if (style.overflowX === 'hidden' && element.scrollWidth > element.clientWidth + 1 && !told) found.push(`${what()} is cut`);
      for (let around = element.parentElement; around; around = around.parentElement) {
        const frame = getComputedStyle(around);
        if (/auto|scroll/.test(frame.overflowX)) break;
        if (
          around === document.body
            ? box.right > root.clientWidth + 1 || box.left < -1
            : /hidden|clip/.test(frame.overflowX) &&
              frame.textOverflow !== 'ellipsis' &&
              box.right > around.getBoundingClientRect().right + 1
        ) {
          if (box.width > 1) found.push(`${what()} is beyond an edge`);
          break;
        }
      }
    }
    return found;
  });

describe('whoever looks, and at whatever', { concurrency: false }, () => {
  let studio: Studio;
  before(async () => {
    studio = await openStudio();
  });
  after(() => studio?.close());

  test('a mark never stands without a word, for eyes or for ears', async () => {
    const { page, leave } = await studio.open('/');
    for (const [mode, path] of [
      ...[
        ['big', '/'],
        ['big', '/nodes/id-edge-fra-03'],
        ['demo', `/runs/${RUN}`],
        ['demo', '/incidents/i-1'],
        ['demo', '/gallery'],
      ],
    ] as const) {
      await studio.mock.mode(mode);
      await page.goto(`${studio.mock.url}${path}`);
      await settled(page);
      const mute = await page.locator('svg.mk').evaluateAll((marks) =>
        marks
          .filter((mark) => {
            if (!mark.isConnected || mark.getAttribute('aria-label')) return false;
            const near = mark.closest(
              'tr, li, td, .kpi, .chip, .verdict, .receipt, .row, p, h2, summary, .collector, a, button, dd, .asof, div',
            );
            return !near?.textContent?.trim();
          })
          .map((mark) => mark.parentElement?.outerHTML.slice(0, 120) ?? ''),
      );
      assert.deepEqual(mute, [], path);
    }
    await studio.mock.mode('demo');
    await leave();
  });

  test('at 200 % nothing is cut off and nothing scrolls sideways', async () => {
    const found: string[] = [];
    const { page, leave } = await studio.open('/login', ZOOMED);
    for (const path of PATHS) {
      await page.goto(`${studio.mock.url}${path}`);
      await settled(page);
      for (const fault of await cutOff(page)) found.push(`${path}: ${fault}`);
    }
    await leave();
    assert.deepEqual(found, []);
  });

  test('who asks for no motion sees none, and others see that work goes on', async () => {
    const moving = (page: Page) =>
      page.evaluate(() => document.getAnimations().filter(({ effect }) => Number(effect?.getComputedTiming().duration) > 0).length);
    const { page, leave } = await studio.open('/gallery', { reducedMotion: 'reduce' });
    for (const path of ['/gallery', '/', NODE, `/runs/${RUN}`, '/incidents/i-1']) {
      await page.goto(`${studio.mock.url}${path}`);
      await settled(page);
      await page.locator('main :is(.btn, a)').first().hover();
      assert.equal(await moving(page), 0, path);
    }
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    await page.goto(`${studio.mock.url}/gallery`);
    await settled(page);
    assert.ok((await moving(page)) > 0, 'the skeletons of the gallery pulse');
    await leave();
  });

  test('who sees no colours tells every mark from every other', async () => {
    const { page, leave } = await studio.open('/gallery', { deviceScaleFactor: 2 });
    await settled(page);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('Emulation.setEmulatedVisionDeficiency', { type: 'achromatopsia' });
    const marks = page.locator('figure[data-shows="Marks and chips"] [data-mark]');
    const names = await marks.evaluateAll((elements) => elements.map((element) => element.getAttribute('data-mark') ?? ''));
    assert.ok(names.length >= 10, `${names.length} marks`);
    const looks: Buffer[] = [];
    for (const mark of await marks.all()) looks.push(await mark.locator('svg').screenshot());
    for (const [i, one] of looks.entries())
      for (const [j, other] of looks.entries())
        if (i < j) assert.ok((await difference(page, one, other)) > 0.08, `${names[i]} looks like ${names[j]}`);
    await leave();
  });

  test('on a phone the alert’s link leads to the incident, its run, and the verdict with the question, one thumb all the way', async () => {
    const { page, leave } = await studio.open('/incidents/i-1', {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    await page.getByRole('heading', { level: 1, name: /leak file descriptors/ }).waitFor();
    const fits = async () => assert.deepEqual(await cutOff(page), [], page.url());
    await settled(page);
    await fits();
    await page.getByRole('link', { name: 'R-1A88X' }).first().tap();
    await page.waitForURL(`**/runs/${RUN}`);
    const verdict = page.getByRole('heading', { name: 'Not fixed' }).first();
    await verdict.waitFor();
    await settled(page);
    await fits();
    const decision = page.getByRole('region', { name: 'Your decision' });
    const order = await Promise.all(
      [decision, verdict, page.getByRole('complementary', { name: 'The document' })].map((l) => l.boundingBox()),
    );
    const [asked = 0, judged = 0, document = 0] = order.map((box) => box?.y);
    assert.ok(asked < judged && judged < document, 'first what is asked, then the verdict, then the document');
    assert.ok(asked < 844, 'the question is on the first screen');
    for (const name of ['Keep and disarm', 'Revert now…']) {
      const box = await decision.getByRole('button', { name }).boundingBox();
      assert.ok(box && box.height >= 24 && box.x >= 0 && box.x + box.width <= 390, `${name} can be hit`);
    }
    await page
      .getByText(/only because the restart freed every leaked fd/)
      .first()
      .waitFor();
    await leave();
  });

  test('the tour hides nothing that it talks about, on a small laptop', async () => {
    for (const [at, path, role, name] of [
      [0, '/', 'heading', 'Who dies first'],
      [2, NODE, 'link', 'Run fd-leak'],
      [4, '/runbooks/fd-leak?selector=name%3Dedge-01', 'button', 'Start'],
    ] as const) {
      const { page, leave } = await studio.open('/login', { viewport: { width: 1360, height: 700 } });
      await page.addInitScript((stop) => localStorage.setItem('headroom.tour.u1', JSON.stringify({ at: stop, run: null })), at);
      await page.goto(`${studio.mock.url}${path}`);
      await settled(page);
      const box = await page.locator('main').getByRole(role, { name, exact: true }).first().boundingBox();
      const tour = await page.getByRole('region', { name: 'Guided tour' }).boundingBox();
      assert.ok(tour && box && box.y + box.height < tour.y, `${path}: ${name} at ${box?.y}, the tour at ${tour?.y}`);
      assert.ok(tour.height <= 130, `${tour.height} px of 700 are the tour's`);
      await leave();
    }
  });

  test('a guide shows its pictures', async () => {
    const { page, leave } = await studio.open('/help/quick-start');
    await settled(page);
    const pictures = page.locator('.guide img');
    assert.ok((await pictures.count()) >= 5);
    for (const picture of await pictures.all()) {
      await picture.scrollIntoViewIfNeeded();
      await picture.evaluate((image) => (image instanceof HTMLImageElement ? image.decode() : Promise.reject(new Error('no picture'))));
    }
    await leave();
  });
});
