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

  /** Rows of nodes × steps, by node name. */
  row(node: string): Locator {
    return this.#page.getByRole('region', { name: 'Nodes and steps' }).getByRole('row').filter({ hasText: node });
  }

  async select(node: string): Promise<void> {
    await this.row(node).getByRole('button', { name: node }).click();
    await this.#page.getByRole('region', { name: `Steps on ${node}` }).waitFor();
  }

  button(name: string | RegExp): Locator {
    return this.#page.locator('.page-h .actions').getByRole('button', { name });
  }

  /** Whatever did not succeed once more, after reading who that is and why. */
  async again(nodes: number, says: RegExp): Promise<void> {
    await this.button(`Run again on ${nodes} node`).click();
    const dialog = this.#page.getByRole('dialog');
    await dialog.getByText(says).waitFor();
    await dialog.getByRole('button', { name: new RegExp(`^Run ${nodes} node`) }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  /** Opens the act's dialog, and says yes in it. */
  async confirm(open: string, act: RegExp): Promise<void> {
    await this.button(open).click();
    await this.#page.getByRole('alertdialog').getByRole('button', { name: act }).click();
  }

  /** Opens a step of the node that is shown. */
  async openStep(key: string): Promise<Locator> {
    const step = this.step(key);
    const head = step.getByRole('button').first();
    if ((await head.getAttribute('aria-expanded')) === 'false') await head.click();
    return step;
  }

  /** Leaves out a coming step of the shown node, or the whole node. */
  async skip(button: Locator, reason: string): Promise<void> {
    await button.click();
    const dialog = this.#page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Why' }).fill(reason);
    await dialog.getByRole('button', { name: /^Skip/ }).click();
    await dialog.waitFor({ state: 'hidden' });
  }

  /** Opens a step and gives the text of its first receipt's raw output. */
  async firstReceipt(key: string): Promise<string> {
    const step = await this.openStep(key);
    await step.locator('summary.receipt').first().click();
    return (await step.locator('section.raw').first().textContent()) ?? '';
  }
}
