import type uPlot from 'uplot';

/** Draws in CSS pixels, cut to the plot unless `free`. */
export function paint(
  u: uPlot,
  draw: (
    ctx: CanvasRenderingContext2D,
    box: { left: number; top: number; right: number; bottom: number },
    at: (seconds: number) => number,
  ) => void,
  free = false,
) {
  const { ctx } = u;
  const ratio = devicePixelRatio || 1;
  ctx.save();
  ctx.scale(ratio, ratio);
  // uPlot leaves its own pen settings behind
  ctx.setLineDash([]);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  const box = {
    left: u.bbox.left / ratio,
    top: u.bbox.top / ratio,
    right: (u.bbox.left + u.bbox.width) / ratio,
    bottom: (u.bbox.top + u.bbox.height) / ratio,
  };
  if (!free) {
    ctx.beginPath();
    ctx.rect(box.left, 0, box.right - box.left, box.bottom);
    ctx.clip();
  }
  draw(ctx, box, (seconds) => box.left + u.valToPos(seconds, 'x'));
  ctx.restore();
}

export function line(ctx: CanvasRenderingContext2D, x: number, top: number, bottom: number): void {
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
}
