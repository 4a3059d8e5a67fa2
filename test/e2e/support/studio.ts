import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { judgedRun } from '#test/support/mock-judged-run.ts';
import { type MockConsole, startMockConsole } from './mock-console.ts';
import { PICTURES, RUN } from './picture-list.ts';
import { pictureOf } from './pixels.ts';

export type Studio = {
  mock: MockConsole;
  browser: Browser;
  /** A page whose clock stands with the data's; `leave` closes it and what it has. */
  open(path: string, options?: BrowserContextOptions): Promise<{ page: Page; leave(): Promise<void> }>;
  take(name: string): Promise<Buffer>;
  close(): Promise<void>;
};

/** The pages as all pictures are taken of them: the same instant, the same data, nothing that moves. */
export async function openStudio(): Promise<Studio> {
  const { run, atMs } = await judgedRun(RUN, { id: 'id-edge-01', name: 'edge-01' });
  const [mock, browser] = await Promise.all([startMockConsole({ clock: () => atMs, run }), launchBrowser()]);
  await mock.mode('demo');
  const open: Studio['open'] = async (path, options = {}) => {
    const context = await browser.newContext({ reducedMotion: 'reduce', timezoneId: 'UTC', locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.clock.setFixedTime(atMs);
    // the tour was offered and refused
    await page.addInitScript(() => localStorage.setItem('headroom.tour.u1', '{"at":null,"run":null}'));
    await page.goto(`${mock.url}${path}`);
    return { page, leave: () => context.close() };
  };
  return {
    ...{ mock, browser, open },
    async take(name) {
      const picture = PICTURES[name];
      if (!picture) throw new Error(`there is no picture ${name}: ${Object.keys(PICTURES).join(', ')}`);
      const { page, leave } = await open(picture.path, {
        viewport: { width: picture.width, height: picture.height ?? 900 },
        colorScheme: picture.dark ? 'dark' : 'light',
      });
      await picture.ready(page);
      await settled(page);
      // what comes late above a part moves it
      const whole = await pictureOf(page);
      const box = picture.part ? await page.locator(picture.part).boundingBox() : null;
      const bytes = box ? await pictureOf(page, box) : whole;
      await leave();
      return bytes;
    },
    async close() {
      await browser.close();
      await mock.close();
    },
  };
}

/** Nothing is still to come: no skeleton, no letters in another font. */
export async function settled(page: Page): Promise<void> {
  await page.locator('main h1, main h2').first().waitFor();
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]:not(.gallery *)') === null);
  await page.locator('.asof').waitFor();
  await page.evaluate(() => document.fonts.ready);
}
