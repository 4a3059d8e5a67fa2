import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '#test/support/browser.ts';
import { startDemo as startNodes, type TestDemo, tempDir } from '#test/support/demo-fleet.ts';
import { startOpenSsh } from '#test/support/ssh-servers.ts';
import { ADMIN, type RealConsole, startConsole } from './support/console.ts';

const SHOTS = process.env.HEADROOM_TEST_SHOTS;
const MINUTE = 60_000;

const sound = async (page: Page, what: string) => {
  await page.waitForFunction(() => document.querySelector('[aria-busy="true"]') === null);
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).slice(0, 3)}`),
    [],
    what,
  );
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.ok(sideways <= 0, `${what} scrolls sideways by ${sideways} px`);
  if (SHOTS) await page.screenshot({ path: path.join(SHOTS, `welcome-${what}.png`), fullPage: true });
};

/** What a person compares with: ssh-keygen on the host's own key. */
const printed = (publicKey: string) => execFileSync('ssh-keygen', ['-lf', publicKey], { encoding: 'utf8' });

describe('the first nodes of an empty console', { concurrency: false }, () => {
  const ends: (() => unknown)[] = [];
  const life = { after: (end: () => unknown) => void ends.unshift(end) };
  let browser: Browser;
  let served: RealConsole;
  let nodes: TestDemo;
  let home = '';
  before(async () => {
    home = tempDir(life);
    [browser, nodes] = await Promise.all([launchBrowser(), startNodes(life, { args: ['--nodes', '2'] })]);
    served = await startConsole(() => ({ HOME: home }), { admin: false });
  });
  after(async () => {
    await browser?.close();
    await served?.close();
    for (const end of ends) await end();
  });

  test('from the setup link to two nodes that are up: by paste over a real sshd, and by a scan of the own ssh_config', {
    timeout: 3 * MINUTE,
  }, async (t) => {
    const started = performance.now();
    const page = await (await browser.newContext({ viewport: { width: 390, height: 844 } })).newPage();
    page.setDefaultTimeout(20_000);
    const link = /http\S+\/setup\?token=\S+/.exec(served.output())?.[0] ?? '';
    await page.goto(link);
    await page.getByLabel('Your name').fill('Ada');
    await page.getByLabel('E-mail').fill(ADMIN.email);
    await page.getByLabel('Password').fill(ADMIN.password);
    await page.getByRole('button', { name: 'Create the admin' }).click();
    await page.waitForURL(/\/welcome/);

    const key = (await page.getByLabel('public key', { exact: true }).textContent()) ?? '';
    assert.match(key, /^ssh-ed25519 /);
    const [first, second] = [nodes.node(0), nodes.node(1)];
    // the proxy of the first node behind OpenSSH, whose shell finds that node's systemctl and journalctl
    const sshd = await startOpenSsh(life, {
      client: { private: '', public: key.trim() },
      env: {
        PATH: `${nodes.path(first, 'bin')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        HOME: nodes.path(first, 'home', 'sre'),
        HEADROOM_DEMO_NODE: first.name,
        HEADROOM_DATA_DIR: nodes.dataDir,
      },
    });
    await sound(page, 'add');

    await page.getByLabel('Hosts', { exact: true }).fill(`ssh -p ${sshd.port} ${sshd.user}@127.0.0.1`);
    await page.getByText('Unit, config.yaml and metrics page').click();
    await page.getByLabel('config.yaml', { exact: true }).fill(first.configPath);
    await page.getByLabel(/^Metrics page/).fill(first.metricsUrl);
    await page.getByRole('button', { name: 'Look at them' }).click();
    await page.getByRole('button', { name: 'Add and go on with 1 node' }).click();

    await page.waitForURL(/step=keys&nodes=n_|nodes=n_.*step=keys/);
    await page.getByText(sshd.fingerprint(), { exact: true }).waitFor();
    const compared = page.getByLabel('What it printed (optional)');
    await compared.fill(printed(`${second.hostKeyPath}.pub`));
    await page.getByText('Not among what you pasted').waitFor();
    const approve = page.getByRole('button', { name: /They are equal: approve/ });
    assert.ok(await approve.isDisabled(), 'another host’s key cannot be approved as this one');
    await compared.fill(`256 ${sshd.fingerprint()} root@edge (ED25519)`);
    await page.getByText('Equal to what you pasted').waitFor();
    await sound(page, 'keys');
    await approve.click();
    await page.getByRole('button', { name: 'Next: self-test' }).click();

    // what is left in the middle is taken up where it was
    await page.waitForURL(/step=check/);
    await page.reload();
    const next = page.getByRole('button', { name: 'Next: config' });
    await next.waitFor({ timeout: 30_000 }).catch(async (error) => {
      throw new Error(`${error}\n${await page.locator('main').innerText()}`);
    });
    await sound(page, 'check');
    await next.click();
    await page.getByRole('button', { name: /^Adopt this config of/ }).click();
    await page.getByText('Adopted').waitFor();
    await sound(page, 'config');
    await page.getByRole('button', { name: 'Next: done' }).click();
    await page.getByText(/^up · \d+ fds open/).waitFor({ timeout: 30_000 });
    await sound(page, 'done');
    t.diagnostic(`from the setup link to a node that is up: ${((performance.now() - started) / 1000).toFixed(1)} s`);

    fs.mkdirSync(path.join(home, '.ssh'));
    const block = `Host second\n  HostName 127.0.0.1\n  Port ${second.sshPort}\n  User sre\n  IdentityFile ~/.ssh/none\n`;
    fs.writeFileSync(path.join(home, '.ssh', 'config'), block);
    fs.appendFileSync(nodes.path(second, 'home', 'sre', '.ssh', 'authorized_keys'), `${key.trim()}\n`);
    await page.goto(`${served.url}/welcome`);
    await page.getByRole('button', { name: /Scan the console/ }).click();
    await page.getByText(`Read ${path.join(home, '.ssh', 'config')}: 1 Host line`).waitFor();
    await page.getByText('Unit, config.yaml and metrics page').click();
    await page.getByLabel('config.yaml', { exact: true }).fill(second.configPath);
    await page.getByLabel(/^Metrics page/).fill(second.metricsUrl);
    await page.getByRole('button', { name: 'Look at them' }).click();
    await page.getByRole('button', { name: 'Add and go on with 1 node' }).click();
    await page
      .getByText(/SHA256:/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'They are equal: approve second' }).click();
    await page.getByRole('button', { name: 'Next: self-test' }).click();
    await next.waitFor({ timeout: 30_000 });
    await page.goto(`${served.url}/`);
    await page.getByText('second').first().waitFor();
  });

  test('the tour goes over the real pages with the keyboard, is left with Escape, and never takes the page away', async () => {
    const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`${served.url}/login`);
    await page.getByLabel('E-mail').fill(ADMIN.email);
    await page.getByLabel('Password').fill(ADMIN.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByRole('link', { name: 'Help' }).first().click();
    await page.getByRole('link', { name: 'Guided tour of these pages' }).click();
    const card = page.getByRole('region', { name: 'Guided tour' });
    const seen: string[] = [];
    for (let stop = 1; stop <= 7; stop++) {
      await card.getByText(`${stop} of 7`).waitFor();
      // the words come at once, the page behind them when the server has it
      await card.getByRole('button', { name: 'Take me there' }).waitFor({ state: 'detached' });
      seen.push(`${await card.getByRole('heading').textContent()} ${new URL(page.url()).pathname.replace(/n_\w+/, 'NODE')}`);
      if (stop === 1) await sound(page, 'tour');
      if (stop > 1) assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H2', 'who goes on is where the words are');
      if (stop < 7) {
        await card.getByRole('button', { name: 'Next' }).focus();
        await page.keyboard.press('Enter');
        await page.waitForLoadState();
      }
    }
    assert.equal(seen[0], 'Who dies first /');
    assert.match(seen[3] ?? '', /The runbook \/(runbooks\/fd-leak|nodes\/NODE)/);
    assert.match(seen[6] ?? '', /^Postmortem/);
    await page.waitForURL(/\/incidents/);
    // the page under it works on
    await page.getByRole('link', { name: 'Fleet' }).first().click();
    await page.waitForURL(/\/$/);
    await card.getByRole('button', { name: 'Back' }).focus();
    await page.keyboard.press('Escape');
    await card.waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('heading').first().waitFor();
    assert.equal(await card.count(), 0, 'who left it is not asked again');
  });
});
