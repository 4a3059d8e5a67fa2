import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const LOOKS = [
  { colorScheme: 'light', viewport: { width: 1440, height: 900 } },
  { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

/** What is wrong with these pages for a person: axe's findings by WCAG 2.2 A and AA, and whatever the page wrote to the console as an error. */
export async function faultsOf(browser: Browser, options: { signInUrl: string; url: string; paths: readonly string[] }): Promise<string[]> {
  const faults: string[] = [];
  for (const look of LOOKS) {
    const context = await browser.newContext(look);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const at = () => `${look.colorScheme} ${new URL(page.url()).pathname}`;
    page.on('pageerror', (error) => faults.push(`${at()}: ${error.message}`));
    page.on('console', (message) => message.type() === 'error' && faults.push(`${at()}: console: ${message.text()}`));
    await page.goto(options.signInUrl);
    for (const path of options.paths) {
      await page.goto(`${options.url}${path}`);
      await page.locator('main h1, main h2').first().waitFor();
      await page.waitForFunction(() => document.querySelector('[aria-busy="true"]:not(.gallery *)') === null);
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
      faults.push(
        ...violations.map(
          (v) =>
            `${at()}: ${v.id}: ${v.nodes
              .map((node) => node.target.join(' '))
              .slice(0, 3)
              .join(', ')}`,
        ),
      );
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (sideways > 0) faults.push(`${at()}: scrolls sideways by ${sideways} px`);
    }
    await context.close();
  }
  return faults;
}
