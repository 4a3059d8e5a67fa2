import type { Locator, Page } from 'playwright-core';

/** /nodes/[id] */
export class NodePage {
  readonly journal: Locator;
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
    this.journal = page.getByRole('region', { name: 'Journal' });
  }

  async open(url: string, id: string, query = ''): Promise<void> {
    await this.#page.goto(`${url}/nodes/${id}${query}`);
    await this.#page.getByRole('heading', { level: 1 }).waitFor();
  }

  fdChart(): Locator {
    return this.#page.getByRole('slider', { name: 'Open file descriptors, cursor' });
  }

  tab(name: string): Locator {
    return this.#page.getByRole('tab', { name });
  }

  /** The leak's verdict and its figures, in words. */
  verdict(): Promise<string> {
    return this.#page.getByRole('region', { name: 'Verdict and figures' }).innerText();
  }

  /** How often each chart of the page was drawn since it was made. */
  draws(): Promise<number[]> {
    return this.#page
      .locator('.uplot')
      .evaluateAll((plots) => plots.map((plot) => Number(plot instanceof HTMLElement ? plot.dataset.draws : 0)));
  }
}
