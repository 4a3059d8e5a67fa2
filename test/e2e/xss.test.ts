import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { startHostileConsole } from './support/hostile-console.ts';

/** Each runs, where it runs, `__xss(n)`; none is anybody's own idea. */
const run = (n: number) => `window.__xss&&__xss(${n})`;
const PAYLOADS = [
  (n: number) => `<script>${run(n)}</script>`,
  (n: number) => `"><script>${run(n)}</script>`,
  (n: number) => `</script><script>${run(n)}</script>`,
  (n: number) => `<img src=x onerror="${run(n)}">`,
  (n: number) => `'"><img src=x onerror=${run(n)}>`,
  (n: number) => `<svg onload="${run(n)}">`,
  (n: number) => `<svg><animate onbegin="${run(n)}" attributeName=x dur=1s>`,
  (n: number) => `<iframe srcdoc="<script>parent.__xss(${n})</script>"></iframe>`,
  (n: number) => `<iframe src="javascript:parent.__xss(${n})"></iframe>`,
  (n: number) => `<a href="javascript:${run(n)}">x</a>`,
  (n: number) => `[x](javascript:${run(n)})`,
  (n: number) => `![x](x"onerror="${run(n)})`,
  (n: number) => `<details open ontoggle="${run(n)}">`,
  (n: number) => `<input autofocus onfocus="${run(n)}">`,
  (n: number) => `<style>@import 'http://xss.invalid/${n}'</style>`,
  (n: number) => `<link rel=stylesheet href=http://xss.invalid/${n}>`,
  (n: number) => `<base href="http://xss.invalid/${n}/">`,
  (n: number) => `<meta http-equiv=refresh content="0;url=http://xss.invalid/${n}">`,
  (n: number) => `<form action=http://xss.invalid/${n}><button autofocus>x`,
  (n: number) => `<math><mtext></mtext><mglyph><style><img src=x onerror=${run(n)}>`,
  (n: number) => `<noscript><p title="</noscript><img src=x onerror=${run(n)}>">`,
  (n: number) => `{{constructor.constructor('${run(n)}')()}}`,
  (n: number) => `\${${run(n)}}`,
  (n: number) => `\u001b]8;;javascript:${run(n)}\u0007x\u001b]8;;\u0007\u001b[31m`,
  (n: number) => `\u202e<script>${run(n)}</script>\u202c\u2066\u200f`,
  (n: number) => `\u0000<scr\u0000ipt>${run(n)}</script>`,
  (n: number) => `&lt;img src=x onerror=${run(n)}&gt;`,
  (n: number) => `\uff1cscript\uff1e${run(n)}\uff1c/script\uff1e`,
];
const MARK = 'xss';

/** Pages, and what is opened on them. */
const PATHS = [
  '/',
  '/?view=cards',
  '/nodes/id-edge-01',
  '/nodes/id-edge-01?tab=config',
  '/nodes/id-edge-01?tab=fds',
  '/nodes/id-edge-01?tab=logs',
  '/nodes/id-edge-01?tab=host-key',
  '/nodes/id-edge-01/edit',
  '/nodes/new',
  '/nodes/import',
  '/runs',
  '/runs/r_mock',
  '/runbooks',
  '/runbooks/fd-leak',
  '/runbooks/edit?key=fd-leak',
  '/changes/new',
  '/compare?nodes=id-edge-01,id-edge-02',
  '/backtest?rule=headroom&selector=*',
  '/incidents',
  '/incidents/i_mock',
  '/alerts',
  '/drills',
  '/reports',
  '/help',
  '/settings',
  '/audit',
  '/login?next=javascript:window.__xss(99)',
  '/login?next=//xss.invalid',
];

describe('words from outside, in a browser', { concurrency: false }, () => {
  let hostile: Awaited<ReturnType<typeof startHostileConsole>>;
  let browser: Browser;
  let turn = 0;
  before(async () => {
    const payload = () => {
      const n = turn++ % PAYLOADS.length;
      return `${MARK}${n} ${PAYLOADS[n]?.(n) ?? ''}`;
    };
    [hostile, browser] = await Promise.all([startHostileConsole(payload), launchBrowser()]);
  });
  after(async () => {
    await browser?.close();
    await hostile?.close();
  });

  async function watched() {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const found: string[] = [];
    await page.exposeFunction('__xss', (n: number) => void found.push(`payload ${n} ran on ${page.url()}`));
    await page.exposeFunction('__violation', (words: string) => void found.push(`${words} on ${page.url()}`));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        const report: unknown = Reflect.get(window, '__violation');
        if (typeof report === 'function') report(`policy ${event.effectiveDirective}: ${event.blockedURI || event.sample}`);
      });
    });
    page.on('dialog', (dialog) => {
      found.push(`a dialog on ${page.url()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => {
      if (new URL(request.url()).hostname === 'xss.invalid') found.push(`a request to ${request.url()}`);
    });
    return { page, found, close: () => context.close() };
  }

  /** Elements and links that no page of ours has, made of what was given as text. */
  const strangers = (page: Page) =>
    page.evaluate(() => {
      const bad = [
        ...document.querySelectorAll(
          'a[href],form[action],iframe,object,embed,base,meta[http-equiv=refresh],img[onerror],*[onload],*[onerror]',
        ),
      ];
      return bad
        .filter((one) => {
          if (one.tagName !== 'A' && one.tagName !== 'FORM') return true;
          // where it leads counts: a search of our own may carry a hostile name in its query, encoded
          const target = new URL(one.getAttribute('href') ?? one.getAttribute('action') ?? '', location.href);
          return !/^https?:$/.test(target.protocol) || target.hostname.endsWith('xss.invalid');
        })
        .map((one) => one.outerHTML.slice(0, 200));
    });

  test('are text: nothing of them runs, loads, links or breaks the policy, on any page', async (t) => {
    let [rendered, pages] = [0, 0];
    for (const mode of ['demo', 'not-fixed']) {
      await hostile.mode(mode);
      const { page, found, close } = await watched();
      for (const target of mode === 'demo' ? PATHS : ['/runs', '/nodes/id-edge-01', '/runs/r_notfixed']) {
        await page.goto(`${hostile.url}${target}`, { waitUntil: 'load' });
        await page
          .waitForFunction(() => document.querySelector('[aria-busy=true], .skeleton') === null, undefined, { timeout: 1000 })
          .catch(() => undefined);
        for (const closed of await page.locator('main [aria-expanded=false], main summary').all())
          await closed.click({ timeout: 150 }).catch(() => undefined);
        const text = await page.locator('body').innerText();
        rendered += text.split(MARK).length - 1;
        pages++;
        assert.deepEqual(await strangers(page), [], target);
        assert.deepEqual(found, [], target);
      }
      await close();
    }
    t.diagnostic(`${PAYLOADS.length} payloads, shown ${rendered} times on ${pages} pages`);
    assert.ok(rendered > 200, `payloads were shown ${rendered} times: the poison does not arrive`);
  });

  test('a policy that were broken would be seen: the watch works', async () => {
    const { page, found, close } = await watched();
    await page.goto(`${hostile.url}/login`);
    await page.evaluate(() => {
      const image = document.createElement('div');
      image.innerHTML = '<img src="x" onerror="window.__xss(1)">';
      document.body.append(image);
    });
    await page.waitForFunction(() => document.querySelector('img[onerror]') !== null);
    for (let i = 0; i < 50 && found.length === 0; i++) await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    assert.match(found.join(), /policy script-src-attr/);
    assert.doesNotMatch(found.join(), /payload 1 ran/);
    assert.equal((await strangers(page)).length, 1);
    await close();
  });
});
