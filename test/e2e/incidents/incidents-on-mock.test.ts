import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { until } from '#test/support/until.ts';
import { type MockConsole, startMockConsole } from '../support/mock-console.ts';
import { faultsOf } from '../support/page-check.ts';

describe('the incident room over the mock API, in a browser', { concurrency: false }, () => {
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

  const open = async (path: string): Promise<{ page: Page; close: () => Promise<void> }> => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${mock.url}${path}`);
    return { page, close: () => context.close() };
  };

  test('what is open stands above the fleet and on its node, with a count beside the entry, and leads there', async () => {
    const { page, close } = await open('/');
    await page
      .getByRole('navigation', { name: 'Main' })
      .getByText(/^1 open$/)
      .waitFor();
    await page
      .getByRole('region', { name: 'Open incidents' })
      .getByRole('link', { name: /^INC-12/ })
      .click();
    await page.getByRole('heading', { level: 1, name: /leak file descriptors/ }).waitFor();
    await page.goto(`${mock.url}/nodes/id-edge-01`);
    await page
      .getByRole('region', { name: 'Open incidents' })
      .getByRole('link', { name: /^INC-12/ })
      .waitFor();
    await close();
  });

  test('time is bought in two clicks: the offer with its figures, then the button; the pool’s budget and the comparison of settings are a link away', async () => {
    const { page, close } = await open('/incidents/i-1');
    const asked: string[] = [];
    await page.route('**/api/v1/incidents/i-1/buy-time', async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      asked.push(route.request().postData() ?? '');
      await route.fulfill({ status: 201, contentType: 'application/json', body: '{"id":"r_0000000000buy12"}' });
    });
    await page.getByText('Budget of the pool').waitFor();
    for (const leads of ['/changes/new?selector=', '/compare']) await page.locator(`main a[href^="${leads}"]`).first().waitFor();
    await page.getByRole('button', { name: 'Buy time…' }).click();
    await page
      .getByText(/more at 62 fds\/min/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: /^Raise it on \d node/ }).click();
    await page.getByRole('link', { name: 'R-BUY12' }).waitFor();
    const sent: { limit: number; keep: boolean; nodeIds: string[] } = JSON.parse(asked[0] ?? '{}');
    assert.deepEqual([asked.length, sent.limit, sent.keep, sent.nodeIds.length > 0], [1, 65_536, true, true]);
    await close();
  });

  test('a note is text, whatever is written in it, and a reason is asked before it is resolved', async () => {
    const { page, close } = await open('/incidents/i-1');
    await page.getByText('`ss -tnp state close-wait | wc -l` says 3,102.').waitFor();
    const acts: string[] = [];
    await page.route('**/api/v1/incidents/i-1/resolve', async (route) => {
      acts.push(route.request().postData() ?? '');
      await route.fulfill({
        status: 409,
        contentType: 'application/problem+json',
        body: JSON.stringify({
          type: 'about:blank',
          title: 'The incident is in another state',
          status: 409,
          code: 'incident.wrong-state',
          detail: 'INC-12 is resolved.',
        }),
      });
    });
    await page.getByRole('button', { name: 'Resolve…' }).click();
    const dialog = page.getByRole('dialog');
    assert.equal(await dialog.getByRole('button', { name: 'Resolve' }).isDisabled(), true);
    await dialog.getByLabel('Why').fill('fixed upstream');
    await dialog.getByRole('button', { name: 'Resolve' }).click();
    await dialog.getByText('INC-12 is resolved.').waitFor();
    assert.deepEqual(acts, ['{"reason":"fixed upstream"}']);
    await close();
  });

  test('an incident is declared, takes another in, and gives nodes away: each asks for what was chosen', async () => {
    const { page, close } = await open('/incidents/i-1');
    const asked: [path: string, body: unknown][] = [];
    type List = { incidents: { id: string; number: number; title: string; nodes: { nodeId: string; name: string }[] }[] };
    const list = async (): Promise<List> => (await page.request.get(`${mock.url}/api/v1/incidents?status=open`)).json();
    const [first] = (await list()).incidents;
    assert.ok(first);
    await page.route(/\/api\/v1\/incidents(\?|$|\/i-1\/(merge|split))/, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (route.request().method() === 'GET') {
        const incidents = [first, { ...first, id: 'i-2', number: 14, title: 'clients see resets' }];
        return route.fulfill({ json: { ...(await list()), incidents } });
      }
      asked.push([pathname, route.request().postDataJSON()]);
      return route.fulfill({ status: 200, json: first });
    });
    const dialog = page.getByRole('dialog');
    const edit = () => page.getByRole('button', { name: 'Edit, merge, split' }).click();
    await edit();
    await dialog.getByLabel('Take another incident in').selectOption({ label: 'INC-14 clients see resets' });
    await dialog.getByRole('button', { name: 'Merge', exact: true }).click();
    await dialog.waitFor({ state: 'detached' });
    await edit();
    const split = dialog.getByRole('button', { name: /^Split into/ });
    assert.equal(await split.isDisabled(), true, 'some must move');
    const [apart] = first.nodes;
    assert.ok(apart && first.nodes.length > 1);
    await dialog.getByRole('checkbox', { name: apart.name }).click();
    await split.click();
    await page.waitForURL(`**/incidents/${first.id}`);
    await page.goto(`${mock.url}/incidents`);
    await page.getByRole('button', { name: 'Declare…' }).click();
    await dialog.getByLabel('What is wrong').fill('Clients from the office see resets');
    await dialog.getByRole('checkbox', { name: apart.name, exact: true }).click();
    await dialog.getByRole('button', { name: 'Declare' }).click();
    await page.waitForURL(`**/incidents/${first.id}`);
    assert.deepEqual(asked, [
      ['/api/v1/incidents/i-1/merge', { incidentId: 'i-2' }],
      ['/api/v1/incidents/i-1/split', { nodeIds: [apart.nodeId] }],
      ['/api/v1/incidents', { title: 'Clients from the office see resets', severity: 'warning', nodeIds: [apart.nodeId] }],
    ]);
    await close();
  });

  test('a notification that was given up says why, on a phone too, and is sent again with one button', async () => {
    const { page, close } = await open('/alerts?tab=deliveries&state=dead');
    await page.setViewportSize({ width: 390, height: 844 });
    const asked: string[] = [];
    await page.route('**/api/v1/deliveries/*/retry', async (route) => {
      asked.push(new URL(route.request().url()).pathname);
      await route.fulfill({ status: 200, contentType: 'application/json', body: 'null' });
    });
    const row = page.getByRole('row').filter({ hasText: 'answered 410: no such hook' });
    await row.getByText('answered 410: no such hook').waitFor();
    await row.getByRole('button', { name: 'Try again' }).click();
    await until('it is asked', () => asked.length > 0);
    assert.deepEqual(asked, ['/api/v1/deliveries/dl_5/retry']);
    await close();
  });

  test('filters are in the URL, and an empty list teaches', async () => {
    const { page, close } = await open('/incidents');
    await page
      .getByRole('button', { name: 'Resolved' })
      .or(page.getByRole('radio', { name: 'Resolved' }))
      .first()
      .click();
    await page.waitForURL('**/incidents?status=resolved');
    await mock.mode('empty');
    await page.goto(`${mock.url}/incidents`);
    await page.getByText('No incident yet').waitFor();
    await page.getByText(/watch every node/).waitFor();
    await mock.mode('error');
    await page.goto(`${mock.url}/incidents/i-1`);
    await page.getByText('server.internal').waitFor();
    await mock.mode('demo');
    await close();
  });

  test('the pages are fit for people, light on a desk and dark on a phone', async () => {
    assert.deepEqual(await faultsOf(browser, { url: mock.url, signInUrl: `${mock.url}/`, paths: ['/incidents', '/incidents/i-1'] }), []);
  });
});
