import type { Page } from 'playwright-core';

/** /drills and /drills/[id]. */
export class DrillPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** From /drills: the fault by its name, or drawn. */
  static async start(page: Page, family: string | null): Promise<DrillPage> {
    const choice = page.getByLabel('Fault');
    await choice.waitFor();
    if (family !== null) await choice.selectOption(family);
    const start = page.getByRole('button', { name: 'Start a drill' });
    await start.click();
    await page.waitForURL(/\/drills\/d_/);
    return new DrillPage(page);
  }

  async isRunning(): Promise<void> {
    await this.#page.locator('.chip').filter({ hasText: 'Running' }).first().waitFor();
  }

  async answer(node: string, cause: string): Promise<void> {
    const verdict = this.#page.getByRole('region', { name: 'Your verdict' });
    await verdict.getByLabel('Node').selectOption({ label: node });
    await verdict.getByLabel('What it is').selectOption({ label: cause });
    await verdict.getByRole('button', { name: 'Give this verdict' }).click();
    await verdict.getByText(/given by/).waitFor();
  }

  /** Ends it, and waits until it is told what it was. */
  async end(): Promise<void> {
    await this.#page.getByRole('button', { name: 'End the drill' }).click();
    await this.#page.getByText(/^It was on/).waitFor();
  }
}
