import type uPlot from 'uplot';
import type { Band } from '#shared/time.ts';
import { formatBand } from '#shared/units/band.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatDuration, formatHourMinute } from '#shared/units/time.ts';
import type { Annotations } from './annotations.ts';
import { line, paint } from './paint.ts';
import { chartFont, faded, token } from './tokens.ts';

export type Forecast = { from: number; openFds: number; limit: number; band: Band };

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

export type ToneSpan = { from: number; to: number; tone: 'danger' | 'warn' | 'unknown' };

/** Stretches of time that something held, as a tint with its edge: when a rule fired. */
export function drawSpans(u: uPlot, spans: readonly ToneSpan[]): void {
  paint(u, (ctx, { top, bottom }, at) => {
    for (const { from, to, tone } of spans) {
      const [x, width] = [at(from), Math.max(2, at(to) - at(from))];
      ctx.fillStyle = token(`--${tone}-bg`);
      ctx.fillRect(x, top, width, bottom - top);
      ctx.fillStyle = token(`--${tone}-line`);
      ctx.fillRect(x, top, width, 3);
    }
  });
}

/** A restart is a solid accent line, a change of config.yaml and an incident are dashed ones, in every chart. */
export function drawStarts(u: uPlot, { starts, configs, incidents }: Annotations, fromY = 0): void {
  paint(u, (ctx, { top, bottom }, at) => {
    ctx.lineWidth = 1.25;
    ctx.strokeStyle = token('--accent-line');
    for (const start of starts) line(ctx, at(start), top - fromY, bottom);
    ctx.lineWidth = 1;
    ctx.setLineDash([4, 3]);
    ctx.strokeStyle = token('--warn-line');
    for (const config of configs) line(ctx, at(config.at), top - fromY, bottom);
    ctx.strokeStyle = token('--danger-line');
    for (const { from } of incidents) line(ctx, at(from), top - fromY, bottom);
    ctx.setLineDash([]);
  });
}

/** The instant that was chosen, here or in the journal: a line of its own colour with a foot. */
export function drawPin(u: uPlot, seconds: number): void {
  paint(u, (ctx, { top, bottom }, at) => {
    const x = at(seconds);
    ctx.strokeStyle = token('--text-1');
    ctx.lineWidth = 1.25;
    line(ctx, x, top, bottom);
    ctx.fillStyle = token('--text-1');
    ctx.beginPath();
    ctx.moveTo(x - 4, top);
    ctx.lineTo(x + 4, top);
    ctx.lineTo(x, top + 6);
    ctx.closePath();
    ctx.fill();
  });
}

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
    // two lines of words: under the cone at their left end, where it is lowest; where they would reach into the axis, above it; else not at all
    const lowest = far[0] > x0 ? y0 + ((far[1] - y0) * Math.max(0, x - width / 2 - x0)) / (far[0] - x0) : y0;
    const below = Math.max(yLimit + 22, lowest + 16);
    const above = near[0] > x0 ? Math.min(near[1], middle[1]) - 30 : y0 - 40;
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
