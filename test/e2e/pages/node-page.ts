import type { Locator, Page } from 'playwright-core';

/** /nodes/[id] */
export class NodePage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  fdChart(): Locator {
    return this.#page.getByRole('slider', { name: 'Open file descriptors, cursor' });
  }

  /** The leak's verdict and its figures, in words. */
  verdict(): Promise<string> {
    return this.#page.getByRole('region', { name: 'Verdict and figures' }).innerText();
  }
}
