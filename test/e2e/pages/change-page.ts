import type { Locator, Page } from 'playwright-core';

/** /changes/new: targets, form, diff, strategy, start. */
export class ChangePage {
  readonly pool: Locator;
  readonly start: Locator;
  readonly dryRun: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.pool = page.getByRole('switch', { name: 'Connection pool' });
    this.start = page.getByRole('button', { name: /^Start/ });
    this.dryRun = page.getByRole('button', { name: 'Dry run' });
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

  /** Sets one of the pool's numbers. */
  async set(key: string, value: string): Promise<void> {
    await this.#page.getByRole('textbox', { name: key }).fill(value);
  }

  async strategy(o: { batches?: string; onFail?: 'pause' | 'abort' | 'rollback'; gates?: 'manual' | 'auto' }): Promise<void> {
    if (o.batches) await this.#page.getByRole('textbox', { name: 'Batches' }).fill(o.batches);
    if (o.gates) await this.#page.getByRole('combobox', { name: 'Keep or revert?' }).selectOption(o.gates);
    if (o.onFail) await this.#page.getByRole('combobox', { name: 'When one fails' }).selectOption(o.onFail);
  }

  /** Types the node count that a fleet act asks for. */
  async typeCount(count: number): Promise<void> {
    await this.#page.getByRole('textbox', { name: `Type ${count} to start` }).fill(String(count));
  }

  /** Clicks and follows to the run's page; its id. */
  async follow(button: Locator): Promise<string> {
    await button.click();
    await this.#page.waitForURL(/\/runs\/[^/?]+/);
    return decodeURIComponent(/\/runs\/([^/?]+)/.exec(this.#page.url())?.[1] ?? '');
  }
}
