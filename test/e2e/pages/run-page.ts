import type { Locator, Page } from 'playwright-core';

/** /runs/[id] of one node. */
export class RunPage {
  readonly verdict: Locator;
  readonly document: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.verdict = page.locator('section.verdict');
    this.document = page.getByRole('complementary', { name: 'The document' });
  }

  step(key: string): Locator {
    return this.#page.locator(`[data-step="${key}"]`);
  }

  /** The chip beside the title: the verdict once there is one, else the status. */
  chip(): Locator {
    return this.#page.locator('.page-h .chip').first();
  }

  async answer(label: string): Promise<void> {
    await this.#page.getByRole('region', { name: 'Your decision' }).getByRole('button', { name: label }).click();
  }

  /** Opens a step and gives the text of its first receipt's raw output. */
  async firstReceipt(key: string): Promise<string> {
    const step = this.step(key);
    const head = step.getByRole('button').first();
    if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
    await step.locator('summary.receipt').first().click();
    return (await step.locator('section.raw').first().textContent()) ?? '';
  }
}
