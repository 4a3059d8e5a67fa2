/** The canvas cannot read CSS variables by itself: these do, at draw time, so that a change of theme is one redraw. */
export const token = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export const chartFont = (weight: 400 | 500 = 400): string => `${weight} ${token('--fs-micro')} ${token('--font-ui')}`;

/** The same colour, thinner. Tokens are hex or rgb(); color-mix keeps both. */
export const faded = (color: string, share: number): string => `color-mix(in srgb, ${color} ${Math.round(share * 100)}%, transparent)`;

/** Unexplained fds are a diagonal hatch in every chart, so that colour is never alone. */
export function hatch(ctx: CanvasRenderingContext2D, color: string): CanvasPattern | string {
  const ratio = devicePixelRatio || 1;
  const size = Math.round(7 * ratio);
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  if (!pen) return color;
  pen.fillStyle = faded(color, 0.26);
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = faded(color, 0.7);
  pen.lineWidth = 1.6 * ratio;
  pen.beginPath();
  // three strokes, so that the tile's edges meet
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - ratio, size + ratio);
    pen.lineTo(shift + size + ratio, -ratio);
  }
  pen.stroke();
  return ctx.createPattern(tile, 'repeat') ?? color;
}

export function onThemeChange(listener: () => void): () => void {
  const media = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  media.addEventListener('change', listener);
  return () => {
    observer.disconnect();
    media.removeEventListener('change', listener);
  };
}
