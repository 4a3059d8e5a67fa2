import type { Page } from 'playwright-core';

/** The run that the pictures show. */
export const RUN = 'r_0000000001a88x';
export const PICTURE_BYTES = 150_000;

type Picture = {
  /** from the root of the repository */
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
