import type { Page } from 'playwright-core';
import { pressOn } from '../support/keyboard.ts';
import { RunPage } from './run-page.ts';

/** /runbooks/[key]: the document and the form that starts it. */
export class RunbookPage {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /** From any page, by the command palette, with the node filled in. */
  async openByKeyboard(act: string, node: string): Promise<void> {
    const palette = this.#page.getByRole('dialog', { name: 'Command palette' });
    await this.#page.keyboard.press('Control+k');
    await palette.waitFor();
    await this.#page.keyboard.type(`${act} ${node}`);
    await palette.getByRole('option', { name: new RegExp(`^Run ${act} on ${node}`), selected: true }).waitFor();
    await this.#page.keyboard.press('Enter');
    await this.#page.getByRole('heading', { name: 'The document' }).waitFor();
  }

  /** Starts and follows to the run's page. */
  async startByKeyboard(): Promise<{ run: RunPage; id: string }> {
    await pressOn(this.#page, this.#page.getByRole('button', { name: 'Start', exact: true }));
    await this.#page.waitForURL(/\/runs\/[^/?]+/);
    const id = /\/runs\/([^/?]+)/.exec(this.#page.url())?.[1];
    if (!id) throw new Error(`no run in ${this.#page.url()}`);
    return { run: new RunPage(this.#page), id: decodeURIComponent(id) };
  }
}
