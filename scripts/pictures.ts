// Takes the pictures of the guides (docs/pictures/*.webp), and those that the gallery is held against (test/e2e/gallery/*.webp), from the built pages over a
// made-up fleet, with a run that the real engine made on a simulated node. The clock stands, so that the same pages give the same picture.
//   node scripts/build.mjs && node scripts/pictures.ts [name…]
import fs from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type MockConsole, startMockConsole } from '#test/e2e/support/mock-console.ts';
import { pictureOf } from '#test/e2e/support/pixels.ts';
import { launchBrowser } from '#test/support/browser.ts';
import { judgedRun } from '#test/support/mock-judged-run.ts';

const root = path.join(import.meta.dirname, '..');
const RUN = 'r_0000000001a88x';
export const PICTURE_BYTES = 150_000;

type Picture = {
  file: string;
  path: string;
  dark?: boolean;
  /** Height in CSS pixels; without it, of this element as far as it reaches. */
  height?: number;
  part?: string;
  width: number;
  ready: (page: Page) => Promise<unknown>;
};

const gallery = (theme: 'light' | 'dark'): Picture => ({
  ...{ file: `test/e2e/gallery/gallery-${theme}.webp`, path: '/gallery', dark: theme === 'dark', part: '.gallery', width: 1280 },
  ready: (page) => page.locator('.gallery').waitFor(),
});
const charts = (page: Page) => page.locator('.u-over').first().waitFor();

export const PICTURES: Record<string, Picture> = {
  fleet: {
    file: 'docs/pictures/fleet.webp',
    path: '/',
    width: 1280,
    height: 860,
    ready: (page) => page.locator('tbody tr').nth(4).waitFor(),
  },
  node: { file: 'docs/pictures/node.webp', path: '/nodes/id-edge-01', width: 1280, height: 900, ready: charts },
  runbook: {
    ...{ file: 'docs/pictures/runbook.webp', path: '/runbooks/fd-leak?selector=name%3Dedge-01', width: 1280, height: 860 },
    ready: (page) => page.getByRole('heading', { level: 1 }).waitFor(),
  },
  'run-not-fixed': {
    ...{ file: 'docs/pictures/run-not-fixed.webp', path: `/runs/${RUN}`, width: 1280, height: 1000 },
    ready: (page) => page.getByRole('heading', { name: 'Not fixed' }).first().waitFor(),
  },
  incident: {
    ...{ file: 'docs/pictures/incident.webp', path: '/incidents/i-1', width: 1280, height: 900 },
    ready: (page) => page.getByText('What we know').first().waitFor(),
  },
  'gallery-light': gallery('light'),
  'gallery-dark': gallery('dark'),
};

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

async function main(asked: readonly string[]): Promise<void> {
  const studio = await openStudio();
  try {
    for (const name of asked.length > 0 ? asked : Object.keys(PICTURES)) {
      const bytes = await studio.take(name);
      const { file } = PICTURES[name] ?? { file: `${name}.webp` };
      fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
      fs.writeFileSync(path.join(root, file), bytes);
      console.log(`${file}: ${Math.round(bytes.length / 1000)} kB`);
    }
  } finally {
    await studio.close();
  }
}

if (import.meta.main) {
  await main(process.argv.slice(2));
  process.exit(0);
}
