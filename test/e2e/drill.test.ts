import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { DrillPage } from './pages/drill-page.ts';
import { type Demo, startDemo } from './support/demo.ts';
import { faultsOf } from './support/page-check.ts';
import { within } from './support/within.ts';

const MINUTE = 60_000;
/** `npm run drill`: with the repair. Without it the drill goes from the alarm to the verdict and the postmortem. */
const WHOLE = process.env.HEADROOM_DRILL === 'whole';
const LONGEST_MS = 10 * MINUTE;

/** What the person did and when, printed at the end: the browser is the only way to the console in here. */
function stopwatch() {
  const started = performance.now();
  const laps: { what: string; seconds: number }[] = [];
  return {
    lap: (what: string) => laps.push({ what, seconds: Math.round((performance.now() - started) / 1000) }),
    seconds: () => (performance.now() - started) / 1000,
    table: () => laps.map(({ what, seconds }) => `${String(seconds).padStart(5)} s  ${what}`).join('\n'),
  };
}

describe('a drill, through the browser alone', { concurrency: false }, () => {
  let demo: Demo;
  let browser: Browser;

  before(async () => {
    [demo, browser] = await Promise.all([startDemo(['none', 'none']), launchBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  test(`from the start to the postmortem${WHOLE ? ', with the repair' : ''}`, async (t) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const watch = stopwatch();
    const { url, signInUrl } = demo.meta();
    await page.goto(signInUrl);
    const offer = page.getByRole('region', { name: 'Fire drill' });
    await offer.getByText('one of 2 healthy nodes').waitFor();
    await offer.getByRole('link', { name: 'Start a drill' }).click();
    watch.lap('the first page offers a drill');

    const drill = await DrillPage.start(page, 'pool-leak');
    const drillUrl = page.url();
    await drill.isRunning();
    watch.lap('a node took it');
    const hidden = await page.locator('main').innerText();
    assert.doesNotMatch(hidden, /It was on/);

    await page.goto(`${url}/incidents`);
    const incident = page.getByRole('link', { name: /leak/i }).first();
    await within('the console raises the alarm', 5 * MINUTE, () => incident.isVisible());
    watch.lap('ALARM: an incident is open');
    await incident.click();
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByRole('button', { name: 'Acknowledge' }).waitFor({ state: 'detached' });
    watch.lap('acknowledged');
    const incidentUrl = page.url();

    const node = await keepEvidence(page);
    watch.lap(`evidence of ${node} kept`);
    if (WHOLE) {
      await repair(page, url, node);
      watch.lap('runbook fd-leak: the pool is off, and the slope says fixed');
    }

    await page.goto(drillUrl);
    await drill.answer(node, 'The pool takes upstream sockets and never gives them back');
    watch.lap('verdict given');
    await drill.end();
    const told = await page.locator('main').innerText();
    watch.lap('drill ended, score told');
    assert.match(told, /Your verdict was right/);
    assert.match(told, new RegExp(`It was on ${node}`));
    const score = Number(/Score: (\d+) of 100/.exec(told)?.[1]);
    assert.ok(score >= (WHOLE ? 90 : 70), `the score is ${score}:\n${told}`);
    assert.match(told, /no wrong move/);

    await page.goto(incidentUrl);
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Postmortem' }).click()]);
    const file = await readAll(await download.createReadStream());
    assert.match(file, new RegExp(node));
    assert.match(file, /^# /m);
    watch.lap('postmortem in hand');

    await page.goto(`${url}/reports`);
    await page.getByRole('region', { name: 'Drills' }).getByText(`${score} of 100`).waitFor();
    watch.lap('the week’s report has it');
    t.diagnostic(`\n${watch.table()}\nscore ${score} of 100`);
    assert.ok(watch.seconds() * 1000 < LONGEST_MS, `${Math.round(watch.seconds())} s: a drill fits into 10 minutes`);
    await context.close();
    const here = new URL(drillUrl).pathname;
    const paths = WHOLE ? ['/drills', here, '/reports', '/drills/replay'] : [here, '/drills/replay'];
    assert.deepEqual(await faultsOf(browser, { url, signInUrl, paths }), []);
  });
});

/** The node that the incident names, its evidence, and a look at its fds. */
async function keepEvidence(page: Page): Promise<string> {
  const link = page
    .locator('main a[href^="/nodes/"]')
    .filter({ hasText: /^edge-/ })
    .first();
  const name = (await link.innerText()).trim();
  await link.click();
  await page.getByRole('tab', { name: /X-ray/ }).click();
  await page.getByRole('button', { name: /^Look/ }).click();
  await page
    .getByText(/upstream/i)
    .first()
    .waitFor();
  return name;
}

/** The document's runbook, started from the page, its questions answered. */
async function repair(page: Page, url: string, node: string): Promise<void> {
  await page.goto(`${url}/runbooks/fd-leak?${new URLSearchParams({ selector: `name=${node}` })}`);
  await page.getByRole('heading', { name: 'The document' }).waitFor();
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.waitForURL(/\/runs\/[^/?]+/);
  const verdict = page.locator('section.verdict').filter({ hasText: /fixed/i }).first();
  const decision = page.getByRole('region', { name: 'Your decision' });
  const keep = decision.getByRole('button', { name: 'Keep and disarm' });
  await within('the run asks whether to keep the change', 6 * MINUTE, () => keep.isVisible()).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; the page says:\n${await page.locator('main').innerText()}`);
  });
  assert.doesNotMatch(await verdict.innerText(), /not fixed/i);
  await keep.click();
  await decision.waitFor({ state: 'detached' });
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}
