import type uPlot from 'uplot';
import { formatHourMinute } from '#shared/units/time.ts';
import type { Annotations } from './annotations.ts';
import { paint } from './paint.ts';
import { chartFont, token } from './tokens.ts';

type Box = { left: number; right: number; top: number };
type Pen = {
  ctx: CanvasRenderingContext2D;
  box: Box;
  at: (seconds: number) => number;
  /** beside x, on the side that is free; nothing where words or marks stand already on both */
  write: (text: string, x: number, color: string) => void;
};

/** Above the plot: words and marks in one row, spans of runs, drills and incidents in the row below. Words never touch: the list of events has them all. */
export function drawLane(u: uPlot, annotations: Annotations, withWords: boolean): void {
  paint(
    u,
    (ctx, box, at) => {
      const pen: Pen = { ctx, box, at, write: withWords ? writer(ctx, box, marksOf(annotations).map(at)) : () => undefined };
      drawSpans(pen, annotations);
      writeStarts(pen, annotations, u.data[0][0] ?? Number.NEGATIVE_INFINITY);
      drawSignals(pen, annotations);
    },
    true,
  );
}

/** Where marks stand, epoch seconds. */
const marksOf = ({ configs, incidents }: Annotations): number[] => [...configs.map(({ at }) => at), ...incidents.map(({ from }) => from)];

/** Half of a mark's width and a little air, px. */
const MARK = 7;

function writer(ctx: CanvasRenderingContext2D, { left, right, top }: Box, marks: readonly number[]): Pen['write'] {
  const taken: { from: number; to: number }[] = [];
  return (text, x, color) => {
    ctx.font = chartFont(500);
    ctx.textBaseline = 'middle';
    const width = ctx.measureText(text).width;
    const isFree = (from: number) =>
      from >= left &&
      from + width <= right &&
      !taken.some((other) => from < other.to + 10 && from + width > other.from - 10) &&
      !marks.some((mark) => mark > from - MARK && mark < from + width + MARK);
    const from = [x + 8, x - 8 - width].find(isFree);
    if (from === undefined) return;
    taken.push({ from, to: from + width });
    ctx.fillStyle = color;
    ctx.fillText(text, from, top - 26);
  };
}

function drawSpans({ ctx, box: { left, right, top }, at }: Pen, { runs, drills, incidents }: Annotations): void {
  const span = (part: { from: number; to: number }, fill: string, stroke: string) => {
    const [from, to] = [Math.max(left, at(part.from)), Math.min(right, at(part.to))];
    if (to < left || from > right) return;
    ctx.beginPath();
    ctx.roundRect(from, top - 14, Math.max(6, to - from), 6, 2);
    ctx.fillStyle = token(fill);
    ctx.strokeStyle = token(stroke);
    ctx.lineWidth = 1;
    ctx.fill();
    ctx.stroke();
  };
  for (const drill of drills) span(drill, '--unknown-bg', '--unknown-line');
  for (const incident of incidents) span(incident, '--danger-bg', '--danger-line');
  for (const run of runs) span(run, '--accent-bg', '--accent-line');
}

const inside = ({ left, right }: Box, x: number): boolean => x >= left && x <= right;

/** Nothing was seen before the first sample: whether that life followed another one is not known. */
function writeStarts({ box, at, write }: Pen, { starts, runs }: Annotations, firstSample: number): void {
  const runOf = (start: number) => runs.find(({ from, to }) => start >= from && start <= to);
  // what a run came to is worth more than another restart, and the newest more than those before
  const byWorth = starts.filter((start) => inside(box, at(start))).sort((a, b) => Number(!runOf(a)) - Number(!runOf(b)) || b - a);
  for (const start of byWorth) {
    const run = runOf(start);
    const words = run ? `, ${run.title}${run.verdict ? `: ${VERDICT_WORDS[run.verdict] ?? run.verdict}` : ''}` : '';
    write(`${start <= firstSample ? 'started' : 'restart'} ${formatHourMinute(start * 1000)}${words}`, at(start), token('--text-1'));
  }
  for (const run of runs)
    if (!starts.some((start) => start >= run.from && start <= run.to) && inside(box, at(run.from)))
      write(run.title, at(run.from) - 6, token('--text-1'));
}

const VERDICT_WORDS: Record<string, string> = { pass: 'passed', fail: 'not fixed', inconclusive: 'can’t tell' };

function drawSignals(pen: Pen, { configs, incidents, drills, blind }: Annotations): void {
  const { ctx, box, at, write } = pen;
  const y = box.top - 26;
  for (const { from, title } of incidents)
    if (inside(box, at(from))) {
      octagon(ctx, at(from), y);
      write(title, at(from), token('--danger-fg'));
    }
  for (const config of configs)
    if (inside(box, at(config.at))) {
      struckEquals(ctx, at(config.at), y);
      if (!config.byRun) write('config.yaml changed', at(config.at), token('--warn-fg'));
    }
  for (const { from, name } of drills) if (inside(box, at(from))) write(`drill ${name}`, at(from) - 8, token('--unknown-fg'));
  for (const { from, to } of blind)
    if (at(to) > box.left && at(from) < box.right)
      write('scrape-blind, counted over SSH', Math.max(box.left, at(from)) - 8, token('--unknown-fg'));
}

/** The marks of mark.tsx, on a canvas. */
function struckEquals(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  ctx.strokeStyle = token('--warn-line');
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const dy of [-2, 2]) {
    ctx.moveTo(x - 4, y + dy);
    ctx.lineTo(x + 4, y + dy);
  }
  ctx.moveTo(x + 2, y - 4);
  ctx.lineTo(x - 2, y + 4);
  ctx.stroke();
}

function octagon(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  ctx.fillStyle = token('--danger-line');
  ctx.beginPath();
  for (let i = 0; i < 8; i++) {
    const angle = Math.PI / 8 + (i * Math.PI) / 4;
    ctx.lineTo(x + 5 * Math.cos(angle), y + 5 * Math.sin(angle));
  }
  ctx.closePath();
  ctx.fill();
}
