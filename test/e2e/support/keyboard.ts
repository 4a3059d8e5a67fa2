import type { Locator, Page } from 'playwright-core';

/** More stops than any page has between its begin and what one looks for. */
const MOST_STOPS = 250;

/**
 * As somebody without a pointer comes there: Tab until the target has the focus, where it must show; then the key. Throws with where the focus
 * was last.
 */
export async function pressOn(page: Page, target: Locator, key = 'Enter'): Promise<void> {
  await target.waitFor();
  for (let stop = 0; stop < MOST_STOPS; stop++) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      const shown = await target.evaluate((element) => {
        const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
        return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
      });
      if (!shown) throw new Error(`the focus does not show on ${target}`);
      await page.keyboard.press(key);
      return;
    }
    await page.keyboard.press('Tab');
  }
  const last = await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200));
  throw new Error(`${MOST_STOPS} Tabs never reached ${target}; the last was ${last}`);
}
