import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { type MockConsole, startMockConsole } from '../support/mock-console.ts';

/** What happens on a page that is not shown: the node's own page is left, the node goes down, an incident opens. */
describe('messages of what is not on the screen', { concurrency: false }, () => {
  let mock: MockConsole;
  let browser: Browser;
  before(async () => {
    [mock, browser] = await Promise.all([startMockConsole(), launchBrowser()]);
    await mock.mode('demo');
  });
  after(async () => {
    await browser?.close();
    await mock?.close();
  });

  /** The fleet's answers, with `edge-01` down from when `down()` was called. */
  async function withFalling(page: Page): Promise<{ down: () => void }> {
    let isDown = false;
    await page.route('**/api/v1/fleet', async (route) => {
      const answer = await route.fetch();
      const fleet: { nodes: { name: string; state: string; stateReason: string | null }[] } = await answer.json();
      for (const node of fleet.nodes) {
        if (!isDown || node.name !== 'edge-01') continue;
        node.state = 'down';
        node.stateReason = 'No route to host.';
      }
      await route.fulfill({ response: answer, json: fleet });
    });
    return { down: () => (isDown = true) };
  }
  const region = (page: Page) => page.getByRole('region', { name: 'Elsewhere' });

  for (const [width, colorScheme] of [
    [1440, 'light'],
    [390, 'dark'],
  ] as const)
    test(`come with the way there, can be dismissed and turned off, ${width} px`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme });
      const page = await context.newPage();
      page.setDefaultTimeout(20_000);
      const node = await withFalling(page);
      const read = page.waitForResponse('**/api/v1/fleet');
      await page.goto(`${mock.url}/alerts`);
      await read;
      await region(page).waitFor({ state: 'attached' });
      assert.equal(await region(page).getAttribute('aria-live'), 'polite');
      node.down();
      const message = region(page).getByRole('link', { name: 'edge-01 went down' });
      await message.waitFor();
      await region(page).getByText('No route to host.').waitFor();
      const box = await region(page).boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= width, 'it fits the screen');
      if (process.env.HEADROOM_SHOTS) await page.screenshot({ path: `${process.env.HEADROOM_SHOTS}/toasts-${width}.png` });
      if (width > 760) {
        await region(page).getByRole('button', { name: 'Dismiss: edge-01 went down' }).click();
        await message.waitFor({ state: 'detached' });
      } else {
        await region(page).getByRole('button', { name: 'Turn these messages off' }).click();
        await message.waitFor({ state: 'detached' });
        assert.equal(await page.evaluate(() => localStorage.getItem('toasts')), 'off');
      }
      await context.close();
    });

  test('lead to the page, and the page that shows it has none', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    const node = await withFalling(page);
    await page.goto(`${mock.url}/alerts`);
    await region(page).waitFor({ state: 'attached' });
    node.down();
    await region(page).getByRole('link', { name: 'edge-01 went down' }).click();
    await page.waitForURL('**/nodes/id-edge-01');
    await page.getByRole('heading', { level: 1, name: 'edge-01' }).waitFor();
    assert.equal(await region(page).getByRole('link').count(), 0);
    await page.close();
  });
});
