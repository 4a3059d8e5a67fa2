import type uPlot from 'uplot';
import type { Band } from '#shared/time.ts';
import { formatBand } from '#shared/units/band.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatDuration, formatHourMinute } from '#shared/units/time.ts';
import { chartFont, faded, token } from './tokens.ts';

/** What lies on every chart of a node, in epoch seconds. */
export type Annotations = {
  starts: readonly number[];
  blind: readonly { from: number; to: number }[];
  runs: readonly { id: string; title: string; from: number; to: number; verdict: string | null }[];
};
export type Forecast = { from: number; openFds: number; limit: number; band: Band };

/** Draws in CSS pixels, cut to the plot unless `free`. */
function paint(
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

/** The future and the scrape-blind stretches are wells. */
export function drawWells(u: uPlot, { blind }: Annotations, nowSeconds: number | null): void {
  paint(u, (ctx, { top, right, bottom }, at) => {
    if (nowSeconds !== null && at(nowSeconds) < right) {
      ctx.fillStyle = token('--sunken');
      ctx.fillRect(at(nowSeconds), top, right - at(nowSeconds), bottom - top);
    }
    ctx.fillStyle = token('--unknown-bg');
    for (const { from, to } of blind) ctx.fillRect(at(from), top, Math.max(1, at(to) - at(from)), bottom - top);
  });
}

/** A restart is a solid accent line, in every chart. */
export function drawStarts(u: uPlot, { starts }: Annotations, fromY = 0): void {
  paint(u, (ctx, { top, bottom }, at) => {
    ctx.strokeStyle = token('--accent-line');
    ctx.lineWidth = 1.25;
    for (const start of starts) line(ctx, at(start), top - fromY, bottom);
  });
}

/** Runs as spans and restarts as words, in the lane above the plot. Words that would touch are left out: the table has them. */
export function drawLane(u: uPlot, { starts, runs, blind }: Annotations): void {
  const taken: { from: number; to: number }[] = [];
  paint(
    u,
    (ctx, { left, right, top }, at) => {
      ctx.font = chartFont(500);
      ctx.textBaseline = 'middle';
      const write = (text: string, x: number, y: number, color: string) => {
        const width = ctx.measureText(text).width;
        const from = x + 6 + width > right ? x - 6 - width : x + 6;
        if (from < left || taken.some((other) => from < other.to + 8 && from + width > other.from - 8)) return;
        taken.push({ from, to: from + width });
        ctx.fillStyle = color;
        ctx.fillText(text, from, y);
      };
      for (const run of runs) {
        const [from, to] = [Math.max(left, at(run.from)), Math.min(right, at(run.to))];
        if (to < left || from > right) continue;
        ctx.beginPath();
        ctx.roundRect(from, top - 14, Math.max(6, to - from), 6, 2);
        ctx.fillStyle = token('--accent-bg');
        ctx.strokeStyle = token('--accent-line');
        ctx.lineWidth = 1;
        ctx.fill();
        ctx.stroke();
      }
      const laneY = top - 26;
      // Nothing was seen before the first sample: whether that life followed another one is not known.
      const firstSample = u.data[0][0] ?? Number.NEGATIVE_INFINITY;
      for (const start of starts) {
        const run = runs.find(({ from, to }) => start >= from && start <= to);
        const words = run ? `, ${run.title}${run.verdict ? `: ${VERDICT_WORDS[run.verdict] ?? run.verdict}` : ''}` : '';
        if (at(start) >= left && at(start) <= right)
          write(
            `${start <= firstSample ? 'started' : 'restart'} ${formatHourMinute(start * 1000)}${words}`,
            at(start),
            laneY,
            token('--text-1'),
          );
      }
      for (const run of runs)
        if (!starts.some((start) => start >= run.from && start <= run.to) && at(run.from) >= left && at(run.from) <= right)
          write(run.title, at(run.from) - 6, laneY, token('--text-1'));
      for (const { from, to } of blind)
        if (at(to) > left && at(from) < right)
          write('scrape-blind, counted over SSH', Math.max(left, at(from)) - 6, laneY, token('--unknown-fg'));
    },
    true,
  );
}

const VERDICT_WORDS: Record<string, string> = { pass: 'passed', fail: 'not fixed', inconclusive: "can't tell" };

/** The limit is a solid line with its number. */
export function drawLimit(u: uPlot, limit: number): void {
  paint(u, (ctx, { left, right, top, bottom }) => {
    const y = top + u.valToPos(limit, 'y');
    if (y < top - 2 || y > bottom) return;
    ctx.strokeStyle = token('--fd-limit');
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    ctx.font = chartFont(500);
    ctx.fillStyle = token('--text-1');
    ctx.textBaseline = 'bottom';
    ctx.fillText(`limit ${formatCount(limit)}`, left + 6, y - 4);
  });
}

/** Dashed middle, band around it, cut at the limit; the arrival and its band are written beside it. */
export function drawForecast(u: uPlot, { from, openFds, limit, band }: Forecast): void {
  paint(u, (ctx, { top, right, bottom }, at) => {
    const y = (value: number) => top + u.valToPos(value, 'y');
    const [x0, y0, yLimit] = [at(from), y(openFds), y(limit)];
    const edge = u.scales.x?.max ?? from;
    const color = token('--fd-unexplained');
    /** where the line that needs so many seconds to the limit leaves the plot */
    const end = (seconds: number | null): [x: number, y: number] => {
      if (seconds === null) return [right, y0];
      if (from + seconds <= edge) return [at(from + seconds), yLimit];
      return [right, y(openFds + ((limit - openFds) * (edge - from)) / seconds)];
    };
    const [near, middle, far] = [end(band.low), end(band.mid), end(band.high)];
    ctx.fillStyle = faded(color, 0.2);
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(...near);
    if (near[1] <= yLimit + 0.5 && far[0] >= right) ctx.lineTo(right, yLimit);
    ctx.lineTo(...far);
    ctx.closePath();
    ctx.fill();
    ctx.strokeStyle = color;
    ctx.lineWidth = 1.75;
    ctx.setLineDash([4, 3]);
    ctx.beginPath();
    ctx.moveTo(x0, y0);
    ctx.lineTo(...middle);
    ctx.stroke();
    ctx.setLineDash([]);
    const arrives = from + band.mid <= edge;
    if (arrives) {
      ctx.strokeStyle = token('--danger-line');
      ctx.lineWidth = 5;
      ctx.beginPath();
      ctx.moveTo(at(from + band.low), yLimit);
      ctx.lineTo(band.high === null ? right : Math.min(right, at(from + band.high)), yLimit);
      ctx.stroke();
    }
    const room = right - x0 - 12;
    const clock = formatHourMinute((from + band.mid) * 1000);
    const words: readonly [string, string] = arrives
      ? [room < 84 ? clock : `EMFILE ${clock}`, spanOf(from, band)]
      : [`in ${formatDuration(band.mid)}`, formatBand(band)];
    ctx.font = chartFont(500);
    const width = Math.max(...words.map((text) => ctx.measureText(text).width));
    if (width > room) return;
    const x = Math.min(right - width / 2 - 4, Math.max(x0 + width / 2 + 10, arrives ? middle[0] : right));
    // under the limit line where the cone has passed, else under the cone's start
    const below = y0 - yLimit > 70 ? Math.max(yLimit + 22, Math.min(middle[1], y0) + 22) : y0 + 22;
    // two lines of words: where they would reach into the axis they stand above the cone, or not at all
    const above = Math.min(near[1], middle[1], y0) - 30;
    const textY = below + 24 <= bottom ? below : above >= yLimit + 12 ? above : null;
    if (textY === null) return; // the headline says it too
    ctx.textAlign = 'center';
    ctx.fillStyle = token('--danger-fg');
    ctx.fillText(words[0], x, textY);
    ctx.font = chartFont();
    ctx.fillStyle = token('--text-3');
    ctx.fillText(words[1], x, textY + 15);
  });
}

const spanOf = (from: number, band: Band): string =>
  `${formatHourMinute((from + band.low) * 1000)}–${band.high === null ? 'open' : formatHourMinute((from + band.high) * 1000)}`;

/** The edge of what is known: a dotted line and a dot. */
export function drawNow(u: uPlot, nowSeconds: number, openFds: number | null): void {
  paint(u, (ctx, { top, bottom }, at) => {
    ctx.strokeStyle = token('--text-3');
    ctx.lineWidth = 1;
    ctx.setLineDash([2, 3]);
    line(ctx, at(nowSeconds), top, bottom);
    ctx.setLineDash([]);
    if (openFds === null) return;
    ctx.beginPath();
    ctx.arc(at(nowSeconds), top + u.valToPos(openFds, 'y'), 3.5, 0, Math.PI * 2);
    ctx.fillStyle = token('--fd-unexplained');
    ctx.strokeStyle = token('--surface');
    ctx.lineWidth = 1.5;
    ctx.fill();
    ctx.stroke();
  });
}

function line(ctx: CanvasRenderingContext2D, x: number, top: number, bottom: number) {
  ctx.beginPath();
  ctx.moveTo(x, top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
}
