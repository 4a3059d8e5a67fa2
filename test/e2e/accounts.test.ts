import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { codeOf } from '#test/support/access.ts';
import { launchBrowser } from '#test/support/browser.ts';
import { CLIENT, startOpenIdProvider } from '#test/support/openid-provider.ts';
import { ADMIN, type RealConsole, startConsole } from './support/console.ts';
import { within } from './support/within.ts';

const STEP_MS = 30_000;
/** Where pictures of the pages go, to look at them. */
const SHOTS = process.env.HEADROOM_TEST_SHOTS;

describe('accounts, in a browser', { concurrency: false }, () => {
  let browser: Browser;
  let served: RealConsole;
  let provider: Awaited<ReturnType<typeof startOpenIdProvider>>;
  let secret = '';
  let recoveryCodes: string[] = [];
  let step = 0;

  before(async () => {
    browser = await launchBrowser();
    served = await startConsole(async (url) => {
      const people = { grace: { email: 'grace@example.com', verified: true, name: 'Grace', groups: ['sre'] } };
      provider = await startOpenIdProvider(people, `${url}/api/v1/auth/oidc/callback`);
      return {
        HEADROOM_OIDC_ISSUER: provider.issuer,
        HEADROOM_OIDC_CLIENT_ID: CLIENT.id,
        HEADROOM_OIDC_CLIENT_SECRET: CLIENT.secret,
        HEADROOM_OIDC_NAME: 'Keycloak',
        HEADROOM_OIDC_SCOPE: 'openid email profile groups',
        HEADROOM_OIDC_ROLES: 'sre=operator',
      };
    });
  });
  after(async () => {
    await browser?.close();
    await served?.close();
    await provider?.close();
  });

  const newPage = async (): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    return page;
  };
  const typePassword = async (page: Page, email = ADMIN.email, password = ADMIN.password) => {
    await page.goto(`${served.url}/login`);
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  const inside = (page: Page) => page.getByRole('link', { name: 'Settings' }).first().waitFor();
  /** One that was not used before: of now, or of the next half minute, which counts already. */
  const nextCode = async () => {
    const now = () => Math.floor(Date.now() / STEP_MS);
    step = await within('the next code', 40_000, () => [now(), now() + 1].find((one) => one > step));
    return codeOf(secret, step * STEP_MS);
  };
  const looksWell = async (page: Page, name: string) => {
    const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']).analyze();
    assert.deepEqual(
      violations.map(({ id, nodes }) => `${name}: ${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`),
      [],
    );
    if (!SHOTS) return;
    for (const [look, colorScheme, width, height] of [
      ['light', 'light', 1280, 900],
      ['dark', 'dark', 1280, 900],
      ['phone', 'light', 390, 844],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height });
      await page.screenshot({ path: path.join(SHOTS, `${name}-${look}.png`), fullPage: true });
    }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize({ width: 1280, height: 900 });
  };

  test('an authenticator app is set up from a picture that is drawn here', async () => {
    const page = await newPage();
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(served.url) && !/^(data|blob):/.test(request.url())) elsewhere.push(request.url());
    });
    await page.goto(`${served.url}/login`);
    await page.getByRole('link', { name: 'Continue with Keycloak' }).waitFor();
    await looksWell(page, 'login');
    await typePassword(page);
    await inside(page);
    await page.goto(`${served.url}/settings`);
    await page.getByText('Where you are signed in').waitFor();
    await looksWell(page, 'account');
    await page.getByRole('button', { name: 'Set up…' }).click();
    const picture = page.getByRole('img', { name: 'QR code for the authenticator app' });
    await picture.waitFor();
    assert.ok(((await picture.locator('path.qr-dark').getAttribute('d')) ?? '').length > 1000);
    secret = ((await page.locator('dialog code').textContent()) ?? '').replaceAll(' ', '');
    assert.match(secret, /^[A-Z2-7]{32}$/);
    await looksWell(page, 'totp');
    await page.getByLabel('Code of the app').fill(await nextCode());
    await page.getByRole('button', { name: 'Turn it on' }).click();
    await page.getByRole('button', { name: 'I have kept them' }).waitFor();
    recoveryCodes = await page.locator('ol.codes li').allTextContents();
    assert.equal(recoveryCodes.length, 10);
    await looksWell(page, 'recovery-codes');
    await page.getByRole('button', { name: 'I have kept them' }).click();
    await page.getByText('10 left').waitFor();
    assert.deepEqual(elsewhere, []);
    await page.context().close();
  });

  test('the password alone leads to the second factor, where the app or a recovery code lets in', async () => {
    const page = await newPage();
    await typePassword(page);
    await page.getByRole('heading', { name: 'Second factor' }).waitFor();
    await looksWell(page, 'second-factor');
    const api = await page.request.get(`${served.url}/api/v1/session`);
    assert.equal(api.status(), 401);
    await page.getByLabel('Code').fill('000000');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page
      .getByText('The code is wrong', { exact: false })
      .or(page.getByText('the code is wrong', { exact: false }))
      .waitFor();
    await page.getByLabel('Code').fill(recoveryCodes[0] ?? '');
    await page.getByRole('button', { name: 'Go on' }).click();
    await inside(page);
    await page.context().close();
  });

  test('a passkey is enrolled, signs in without a password, and shows itself again for what is dangerous', async () => {
    const page = await newPage();
    const cdp = await page.context().newCDPSession(page);
    await cdp.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    } as const;
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { ...options, automaticPresenceSimulation: true } });
    await typePassword(page);
    await page.getByLabel('Code').fill(await nextCode());
    await page.getByRole('button', { name: 'Go on' }).click();
    await inside(page);
    await page.goto(`${served.url}/settings`);
    await page.getByRole('button', { name: 'Add…' }).click();
    await page.getByLabel('Name', { exact: true }).last().fill('laptop');
    await page.locator('dialog').getByRole('button', { name: 'Go on' }).click();
    await page.getByText('never used', { exact: false }).waitFor();
    await looksWell(page, 'account-protected');

    await page.context().clearCookies();
    await page.goto(`${served.url}/login?next=/settings%3Ftab%3Dtokens`);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('tab', { name: 'Tokens', selected: true }).waitFor();

    served.ageFactors();
    await page.getByRole('button', { name: 'New token…' }).click();
    await page.getByLabel('Name').last().fill('ci');
    await page.getByRole('button', { name: 'Create token' }).click();
    await page.getByRole('heading', { name: 'Show your second factor' }).waitFor();
    await looksWell(page, 'step-up');
    await page.locator('dialog').getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('heading', { name: 'Token ci' }).waitFor();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.context().close();
  });

  test('a person is invited once the code was shown, comes in by the link, and is disabled while signed in', async () => {
    const page = await newPage();
    await typePassword(page);
    await page.getByLabel('Code').fill(recoveryCodes[1] ?? '');
    await page.getByRole('button', { name: 'Go on' }).click();
    await inside(page);
    served.ageFactors();
    await page.goto(`${served.url}/settings?tab=people`);
    await page.getByRole('button', { name: 'Invite…' }).click();
    await page.getByLabel('Name').fill('Bob');
    await page.getByLabel('E-mail').fill('bob@example.com');
    await looksWell(page, 'invite');
    await page.getByRole('button', { name: 'Make the link' }).click();
    await page.getByRole('heading', { name: 'Show your second factor' }).waitFor();
    await page.getByLabel('Code').fill(recoveryCodes[2] ?? '');
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByRole('heading', { name: 'Invitation for Bob' }).waitFor();
    const link = ((await page.getByLabel('one-time link', { exact: true }).textContent()) ?? '').trim();
    assert.match(link, /\/link#[\w-]{43}$/);
    await looksWell(page, 'one-time-link');
    await page.getByRole('button', { name: 'I have copied it' }).click();

    const bob = await newPage();
    await bob.goto(link);
    await bob.getByLabel('New password').fill('another long password');
    await looksWell(bob, 'link');
    await bob.getByRole('button', { name: 'Set the password and sign in' }).click();
    await inside(bob);
    await bob.goto(link);
    await bob.reload();
    await bob.getByRole('heading', { name: 'This link is not good' }).waitFor();

    await page.reload();
    await page.getByText('bob@example.com').first().waitFor();
    await looksWell(page, 'people');
    await page.getByRole('button', { name: 'Manage Bob' }).click();
    await looksWell(page, 'person');
    await page.getByRole('button', { name: 'Disable the account…' }).click();
    await page.getByRole('button', { name: 'Disable the account', exact: true }).click();
    await page.getByText('disabled', { exact: true }).waitFor();
    await bob.goto(`${served.url}/`);
    await bob.getByRole('heading', { name: 'Sign in' }).waitFor();
    await bob.context().close();
    await page.context().close();
  });

  test('the provider’s button leads there and back, with the role of the groups', async () => {
    const page = await newPage();
    await page.goto(`${served.url}/login?next=/settings`);
    await page.getByRole('link', { name: 'Continue with Keycloak' }).click();
    await page.locator('input[name=login]').fill('grace');
    await page.locator('input[name=password]').fill('x');
    await page.locator('button[type=submit]').click();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText('Signed in as Grace, operator').waitFor();
    await page.getByText('by sign-in provider', { exact: false }).waitFor();
    await page.context().close();
  });
});
