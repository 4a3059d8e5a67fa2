import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium; Playwright's own download is not used. */
export const launchBrowser = (flags: readonly string[] = []): Promise<Browser> =>
  chromium.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...(flags.includes('--enable-quic') ? [] : ['--disable-quic']),
      ...flags,
    ],
  });
