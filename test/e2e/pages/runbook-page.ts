import type { Page } from 'playwright-core';
import { RunPage } from './run-page.ts';

/** /runbooks/[key]: the document and the form that starts it. */
export class RunbookPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  async open(url: string, key: string, selector: string): Promise<void> {
    await this.#page.goto(`${url}/runbooks/${key}?${new URLSearchParams({ selector })}`);
    await this.#page.getByRole('heading', { name: 'The document' }).waitFor();
  }

  /** Starts and follows to the run's page. */
  async start(): Promise<{ run: RunPage; id: string }> {
    await this.#page.getByRole('button', { name: 'Start', exact: true }).click();
    await this.#page.waitForURL(/\/runs\/[^/?]+/);
    const id = /\/runs\/([^/?]+)/.exec(this.#page.url())?.[1];
    if (!id) throw new Error(`no run in ${this.#page.url()}`);
    return { run: new RunPage(this.#page), id: decodeURIComponent(id) };
  }
}
