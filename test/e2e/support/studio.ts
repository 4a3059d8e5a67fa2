import type { Browser } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { judgedRun } from '#test/support/mock-judged-run.ts';
import { type MockConsole, startMockConsole } from './mock-console.ts';
import { PICTURES, RUN } from './picture-list.ts';
import { pictureOf } from './pixels.ts';

export type Studio = { take(name: string): Promise<Buffer>; mock: MockConsole; browser: Browser; close(): Promise<void> };

/** The pages as all pictures are taken of them: the same instant, the same data, nothing that moves. */
export async function openStudio(): Promise<Studio> {
  const { run, atMs } = await judgedRun(RUN, { id: 'id-edge-01', name: 'edge-01' });
  const [mock, browser] = await Promise.all([startMockConsole({ clock: () => atMs, run }), launchBrowser()]);
  await mock.mode('demo');
  return {
    mock,
    browser,
    async take(name) {
      const picture = PICTURES[name];
      if (!picture) throw new Error(`there is no picture ${name}: ${Object.keys(PICTURES).join(', ')}`);
      const context = await browser.newContext({
        ...{ viewport: { width: picture.width, height: picture.height ?? 900 }, colorScheme: picture.dark ? 'dark' : 'light' },
        ...{ reducedMotion: 'reduce', timezoneId: 'UTC', locale: 'en-GB' },
      });
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      await page.clock.setFixedTime(atMs);
      // the tour was offered and refused
      await page.addInitScript(() => localStorage.setItem('headroom.tour.u1', '{"at":null,"run":null}'));
      await page.goto(`${mock.url}${picture.path}`);
      await picture.ready(page);
      await page.waitForFunction(() => document.querySelector('[aria-busy="true"]:not(.gallery *)') === null);
      await page.evaluate(() => document.fonts.ready);
      const box = picture.part ? await page.locator(picture.part).boundingBox() : null;
      const bytes = await pictureOf(page, box ?? undefined);
      await context.close();
      return bytes;
    },
    async close() {
      await browser.close();
      await mock.close();
    },
  };
}
