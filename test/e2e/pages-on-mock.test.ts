import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { NodePage } from './pages/node-page.ts';
import { type MockConsole, startMockConsole } from './support/mock-console.ts';
import { faultsOf } from './support/page-check.ts';
import { within } from './support/within.ts';

/** Samples of the mock come every so often. */
const SAMPLE_MS = 2000;

const WELCOME = ['add', 'keys', 'check', 'config', 'done'].map((step) => `/welcome?step=${step}&nodes=id-edge-01`);

describe('pages over the mock API, in a browser', { concurrency: false }, () => {
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

  const open = async (options: BrowserContextOptions = {}) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    return { page, node: new NodePage(page), close: () => context.close() };
  };
  const query = (page: Page, name: string) => new URL(page.url()).searchParams.get(name);

  test('a live chart is drawn once for a sample, not once for whatever the page learns meanwhile', async () => {
    const { node, close } = await open();
    await node.open(mock.url, 'id-edge-01');
    await within('the charts are there', 20_000, async () => (await node.draws()).length === 7);
    const settled = await within('the first drawing is over', 20_000, async () => {
      const first = await node.draws();
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS / 2));
      return (await node.draws()).join() === first.join() ? first : null;
    });
    const started = performance.now();
    const drawn = await within('four samples', 30_000, async () => {
      const now = await node.draws();
      return (now[0] ?? 0) - (settled[0] ?? 0) >= 4 ? now : null;
    });
    const samples = Math.ceil((performance.now() - started) / SAMPLE_MS) + 1;
    for (const [i, count] of drawn.entries())
      assert.ok(count - (settled[i] ?? 0) <= samples, `chart ${i}: ${count} drawings for ${samples} samples`);
    await close();
  });

  test('the keyboard moves one crosshair over all charts, says the value, and marks an instant that leads to the journal and back', async () => {
    const { page, node, close } = await open();
    await node.open(mock.url, 'id-edge-01');
    await node.fdChart().focus();
    await page.keyboard.press('End');
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowLeft');
    assert.match((await node.fdChart().getAttribute('aria-valuetext')) ?? '', /^\d\d:\d\d:\d\d UTC: [\d,]+ open, [\d,]+ unexplained$/);
    assert.match(
      (await page.getByRole('slider', { name: 'Memory, cursor' }).getAttribute('aria-valuetext')) ?? '',
      /^\d\d:\d\d:\d\d UTC: resident \d/,
    );
    await page.keyboard.press('Enter');
    const at = await within('the instant is in the URL', 5000, () => query(page, 'at'));
    await page.getByRole('button', { name: 'Journal at this time' }).click();
    await node.journal.locator('.ln.at').waitFor();
    assert.equal(query(page, 'tab'), 'logs');
    assert.equal(query(page, 'at'), at);
    await node.journal.locator('.ln button').nth(3).click();
    await node.fdChart().waitFor();
    assert.match(query(page, 'range') ?? '', /^\d+-\d+$/, 'the charts show the time around the line');
    assert.notEqual(query(page, 'at'), at);
    await close();
  });

  test('a drag zooms all charts, and the range is in the URL', async () => {
    const { page, node, close } = await open();
    await node.open(mock.url, 'id-edge-01');
    const plot = page.locator('.fdchart .u-over');
    await plot.waitFor();
    const box = await plot.boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + 100, box.y + 80);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y + 80, { steps: 4 });
    await page.mouse.up();
    assert.match((await within('the range is in the URL', 5000, () => query(page, 'range'))) ?? '', /^\d+-\d+$/);
    await page.getByRole('button', { name: 'Back to live' }).click();
    await within('live again', 5000, () => query(page, 'range') === null);
    await close();
  });

  test('the journal is followed line by line, filtered, and held while one reads', async () => {
    const { page, node, close } = await open();
    await node.open(mock.url, 'id-edge-01', '?tab=logs');
    await node.journal.locator('.ln').first().waitFor();
    const lines = () => node.journal.locator('.ln').count();
    const first = await lines();
    await within('new lines come by themselves', 10_000, async () => (await lines()) > first);
    await page.getByRole('searchbox', { name: 'Filter the journal' }).fill('relay -idle');
    await within('only what is asked for is shown', 5000, async () => {
      const texts = await node.journal.locator('.ln').allInnerTexts();
      return texts.length > 0 && texts.every((text) => text.includes('relay') && !text.includes('idle'));
    });
    assert.equal(query(page, 'log'), 'relay -idle');
    await page.getByRole('button', { name: 'Pause' }).click();
    const held = await lines();
    await page.getByText(/new since the pause/).waitFor();
    assert.equal(await lines(), held);
    await page.getByRole('button', { name: 'Follow' }).click();
    await within('what was missed is there', 10_000, async () => (await lines()) > held);
    await close();
  });

  test('the fleet stands in the page itself: who dies first is read before any script has run', async () => {
    const { page, close } = await open({ javaScriptEnabled: false });
    const first = page.locator('.wdf-row:not(.axis)').first();
    // a server that is too busy sends the page without figures
    await within('the page has the fleet in it', 30_000, async () => {
      await page.goto(mock.url);
      return (await first.count()) === 1;
    });
    assert.match(await first.innerText(), /edge-01[\s\S]*per 1k conn[\s\S]*\d (min|h|d)/);
    assert.equal(await page.locator('tr[data-row]').count(), 5);
    assert.match(await page.locator('.asof').innerText(), /as of \d\d:\d\d:\d\d UTC/i);
    await close();
  });

  test('the verdict leads to the X-ray', async () => {
    const { page, node, close } = await open();
    await node.open(mock.url, 'id-edge-01');
    await page.getByRole('link', { name: 'X-ray what grew' }).first().click();
    await page.getByRole('button', { name: /Look (now|again)/ }).waitFor();
    assert.equal(await node.tab('fd X-ray').getAttribute('aria-selected'), 'true');
    await close();
  });

  test('after "not fixed" the node page does not send one into the same run again', async () => {
    await mock.mode('not-fixed');
    const { page, node, close } = await open();
    await node.open(mock.url, 'id-edge-01');
    await page.getByText('did not stop the leak').waitFor();
    const actions = page.locator('.page-h .actions');
    assert.deepEqual(await actions.getByRole('link').allInnerTexts(), ['Change config', 'X-ray what grew']);
    await close();
    await mock.mode('demo');
  });

  test('nodes are compared by the clock or by age, and the view is the URL', async () => {
    const { page, close } = await open();
    await page.goto(`${mock.url}/compare?q=name=edge-01,edge-03`);
    await page.getByRole('list', { name: 'Lines' }).getByText('edge-01').waitFor();
    await page.getByRole('button', { name: 'By process age' }).click();
    await page.getByRole('slider', { name: 'Open fds by process age, cursor' }).waitFor();
    assert.equal(query(page, 'by'), 'age');
    await page.getByRole('button', { name: 'max_per_host' }).click();
    await page.getByRole('region', { name: 'Nodes by connection_pool.max_per_host' }).getByText('1000', { exact: true }).waitFor();
    assert.equal(query(page, 'key'), 'max_per_host');
    await page.reload();
    await page.getByRole('slider', { name: 'Open fds by process age, cursor' }).waitFor();
    await close();
  });

  test('a rule is replayed over stored history: when it would have fired, how much earlier, how often in vain', async () => {
    const { page, close } = await open();
    await page.goto(`${mock.url}/backtest`);
    await page.getByRole('combobox', { name: 'Rule' }).selectOption('predict-linear');
    await page.getByRole('button', { name: 'Replay' }).click();
    await within('the question is in the URL', 20_000, () => query(page, 'rule') === 'predict-linear');
    await page.getByText(/would have fired 2 times/i).waitFor();
    await page.getByRole('region', { name: 'Firings on edge-03' }).getByText('False alarm').waitFor();
    await close();
  });

  test('a selector that matches nothing says which term, and what there is instead', async () => {
    const { page, close } = await open();
    await page.goto(`${mock.url}/?q=zoen%3Deu`);
    await page.getByText('No node has the label zoen. Did you mean zone? Labels here: group, zone.').waitFor();
    await close();
  });

  test('sign-in without an admin sends one to the setup link', async () => {
    await mock.mode('no-admin');
    const { page, close } = await open();
    await page.goto(`${mock.url}/login`);
    await page.getByRole('heading', { name: 'No admin yet' }).waitFor();
    await close();
    await mock.mode('demo');
  });

  test('a threshold is edited with what it would have done beside what it does', async () => {
    const { page, close } = await open();
    await page.goto(`${mock.url}/alerts?tab=rules`);
    await page
      .getByRole('row', { name: /Open fds near the limit/ })
      .getByRole('button', { name: 'Edit…' })
      .click();
    const dialog = page.getByRole('dialog', { name: 'Open fds near the limit' });
    await dialog.getByText(/^Would have fired .*, first .* before the limit, .*false alarm/).waitFor();
    assert.equal(await dialog.getByRole('button', { name: 'Save' }).isDisabled(), true, 'nothing is changed yet');
    await dialog.getByLabel('Fires above').fill('70');
    await dialog.getByRole('heading', { name: 'As you write it' }).waitFor();
    await within('both are told', 10_000, async () => (await dialog.getByText(/^Would have fired/).count()) === 2);
    await dialog.getByRole('button', { name: 'Shadow' }).click();
    await dialog.getByRole('button', { name: 'Save, shadow' }).waitFor();
    await close();
  });

  test('these pages are fit for people, light on a desk and dark on a phone', async () => {
    const alerts = ['firing', 'rules', 'silences', 'channels', 'deliveries'].map((tab) => `/alerts?tab=${tab}`);
    const paths = ['/nodes/id-edge-01?tab=logs', '/nodes/id-edge-01/edit', '/nodes/id-edge-01?tab=fds', ...WELCOME, ...alerts];
    assert.deepEqual(await faultsOf(browser, { url: mock.url, signInUrl: `${mock.url}/`, paths }), []);
  });

  test('Ctrl K finds a node and an act by keyboard alone; single keys act, and can be turned off', async () => {
    const { page, close } = await open();
    await page.goto(mock.url);
    await page.locator('table').first().waitFor();
    const palette = page.getByRole('dialog', { name: 'Command palette' });
    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.type('restart edge-01');
    await palette.getByRole('option', { name: /^Restart edge-01…/, selected: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/runbooks/rolling-restart?selector=name%3Dedge-01');
    await palette.waitFor({ state: 'detached' });

    await page.keyboard.press('g');
    await page.keyboard.press('r');
    await page.waitForURL('**/runs');
    assert.equal(await page.title(), 'Runs · Headroom');

    await page.keyboard.press('?');
    await page.getByRole('switch', { name: 'Single keys act' }).click();
    await page.keyboard.press('Escape');
    const before = await page.evaluate(() => document.documentElement.dataset.theme);
    await page.keyboard.press('t');
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), before);
    await page.keyboard.press('Control+k');
    await palette.waitFor();
    await page.keyboard.press('Escape');
    await palette.waitFor({ state: 'detached' });
    await close();
  });
});
