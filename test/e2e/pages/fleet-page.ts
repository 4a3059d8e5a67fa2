import type { Locator, Page } from 'playwright-core';

/** The fleet: who dies first. */
export class FleetPage {
  readonly table: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.table = page.getByRole('table', { name: /^Nodes/ });
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(`${url}/`);
    await this.table.waitFor();
  }

  row(name: string): Locator {
    return this.table.getByRole('row').filter({ has: this.#page.getByRole('link', { name, exact: true }) });
  }

  /** fds leaked per 1,000 connections, as the row shows it. */
  async leak(name: string): Promise<string> {
    return (await this.row(name).locator('.c-leak').innerText()).trim();
  }

  /** Node names from top to bottom. */
  order(): Promise<string[]> {
    return this.table.locator('tbody').getByRole('link').allInnerTexts();
  }

  /** Ticks these nodes and follows an act of the bar that appears. */
  async act(names: readonly string[], act: string): Promise<void> {
    for (const name of names) await this.row(name).getByRole('checkbox').click();
    await this.#page
      .getByRole('toolbar', { name: `${names.length} selected` })
      .getByRole('link', { name: act })
      .click();
  }

  async openNode(name: string): Promise<void> {
    await this.row(name).getByRole('link', { name, exact: true }).click();
    await this.#page.getByRole('heading', { name, level: 1 }).waitFor();
  }
}
