import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';

/** How far apart the channels of a pixel, 0 to 255, may be before it counts as another: another Chromium smooths letters a little differently. */
const SAME_CHANNEL = 40;

type Part = { x: number; y: number; width: number; height: number };

/** The page, or a part of it in CSS pixels, as WebP, once it has come to rest: two looks in a row that are byte by byte the same. */
export async function pictureOf(page: Page, part?: Part): Promise<Buffer> {
  const devtools = await page.context().newCDPSession(page);
  const look = async () => {
    const clip = part && { clip: { ...part, scale: 1 }, captureBeyondViewport: true };
    return Buffer.from((await devtools.send('Page.captureScreenshot', { format: 'webp', quality: 88, ...clip })).data, 'base64');
  };
  try {
    let last = await look();
    for (let i = 0; i < 40; i++) {
      await sleep(150);
      const next = await look();
      if (next.equals(last)) return next;
      last = next;
    }
    throw new Error(`${page.url()} does not come to rest: something on it moves`);
  } finally {
    await devtools.detach();
  }
}

/** The share of pixels, 0 to 1, in which two pictures differ; 1 when they are not of one size. */
export async function difference(page: Page, one: Buffer, other: Buffer): Promise<number> {
  const urls = [one, other].map((bytes) => `data:image/webp;base64,${bytes.toString('base64')}`);
  return page.evaluate(
    async ([urls, same]) => {
      const pixels = await Promise.all(
        urls.map(async (url) => {
          const image = await createImageBitmap(await (await fetch(url)).blob());
          const canvas = new OffscreenCanvas(image.width, image.height);
          const context = canvas.getContext('2d');
          context?.drawImage(image, 0, 0);
          return context?.getImageData(0, 0, image.width, image.height);
        }),
      );
      const [a, b] = pixels;
      if (!a || !b || a.width !== b.width || a.height !== b.height) return 1;
      let other = 0;
      for (let at = 0; at < a.data.length; at += 4)
        if ([0, 1, 2].some((c) => Math.abs((a.data[at + c] ?? 0) - (b.data[at + c] ?? 0)) > same)) other++;
      return other / (a.width * a.height);
    },
    [urls, SAME_CHANNEL] as const,
  );
}
