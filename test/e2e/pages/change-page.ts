import type { Locator, Page } from 'playwright-core';

/** /changes/new: targets, form, diff, start. */
export class ChangePage {
  readonly pool: Locator;
  readonly start: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.pool = page.getByRole('switch', { name: 'Connection pool' });
    this.start = page.getByRole('button', { name: /^Start/ });
  }

  async open(url: string, selector: string): Promise<void> {
    await this.#page.goto(`${url}/changes/new?${new URLSearchParams({ selector, pool: 'off' })}`);
  }

  /** Rows of the diff that add or remove a line, sign first. */
  async changedLines(node: string): Promise<string[]> {
    const diff = this.#page.getByRole('region', { name: `Changes to config.yaml of ${node}` });
    await diff.waitFor();
    return (await diff.locator('.del, .add').allInnerTexts()).map((line) => line.replace(/\s+/g, ' ').trim());
  }
}
