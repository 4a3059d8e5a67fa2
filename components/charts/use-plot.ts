import { type KeyboardEvent, type RefObject, useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatTick } from '#shared/units/count.ts';
import { formatClock, formatDay, formatDuration, formatHourMinute } from '#shared/units/time.ts';
import type { Cursor } from './cursor.ts';
import { chartFont, onThemeChange, token } from './tokens.ts';

export type PlotInput = {
  data: uPlot.AlignedData;
  /** what is drawn; fixed for the life of the plot (colours are read when drawing) */
  series: uPlot.Series[];
  bands?: uPlot.Band[];
  height: number;
  /** top, right, bottom, left */
  padding?: [number, number, number, number];
  yAxisWidth: number;
  x: { min: number; max: number };
  y: { min: number; max: number };
  cursor: Cursor;
  /** what the x axis counts: epoch seconds unless it is seconds since something began */
  xAxis?: 'clock' | 'age';
  /** drawn over the data; another one is one redraw */
  overlay: unknown;
  pin: number | null;
  /** a click, or Enter at the keyboard's cursor */
  onPin: (seconds: number) => void;
  onZoom: (fromSeconds: number, toSeconds: number) => void;
  onZoomReset: () => void;
  /** under the series (bands of time) and over them (lines, forecast) */
  drawUnder?: (u: uPlot) => void;
  drawOver?: (u: uPlot) => void;
};

/** One uPlot for the life of the component: new data, size, range or theme redraw it, nothing builds it anew. */
export function usePlot(frame: RefObject<HTMLDivElement | null>, input: PlotInput) {
  const latest = useRef(input);
  latest.current = input;
  const plot = useRef<uPlot | null>(null);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const u = new uPlot(options(element, latest), latest.current.data, element);
    plot.current = u;
    const resize = new ResizeObserver(() => {
      const width = Math.floor(element.clientWidth);
      if (width > 0 && width !== u.width) u.setSize({ width, height: latest.current.height });
    });
    resize.observe(element);
    const reset = () => latest.current.onZoomReset();
    u.over.addEventListener('dblclick', reset);
    const stopPin = onClick(u, (seconds) => latest.current.onPin(seconds));
    const stopTheme = onThemeChange(() => u.redraw(true, true));
    // the first frame may come before the web font
    void document.fonts?.ready.then(() => plot.current === u && u.redraw(false, true));
    return () => {
      stopTheme();
      stopPin();
      resize.disconnect();
      u.destroy();
      plot.current = null;
    };
  }, [frame]);

  const { data, x, y, height, overlay, pin } = input;
  useEffect(() => {
    plot.current?.setData(data);
  }, [data]);
  // the range functions read the latest input: setting any range makes uPlot ask them
  useEffect(() => {
    plot.current?.setScale('x', { min: x.min, max: x.max });
    plot.current?.setScale('y', { min: y.min, max: y.max });
  }, [x.min, x.max, y.min, y.max]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is drawn over the data is read when drawing
  useEffect(() => {
    plot.current?.redraw(false, false);
  }, [overlay, pin]);
  useEffect(() => {
    const u = plot.current;
    if (u && u.height !== height) u.setSize({ width: u.width, height });
  }, [height]);

  /** Left and right move the crosshair by a point, with Shift by ten; Escape takes it away. */
  const onKeyDown = (event: KeyboardEvent) => {
    const u = plot.current;
    const times = data[0];
    if (!u || times.length === 0) return;
    if (event.key === 'Escape') {
      hideCursor(u, input.cursor);
      return;
    }
    if (event.key === 'Enter' && input.cursor.get() !== null) {
      input.onPin(input.cursor.get() ?? 0);
      return;
    }
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const from = u.cursor.idx ?? times.length - 1;
    const to = Math.max(0, Math.min(times.length - 1, from + step * (event.shiftKey ? 10 : 1)));
    moveCursor(u, { left: u.valToPos(Number(times[to]), 'x'), top: u.over.clientHeight / 2 });
  };
  return { plot, onKeyDown };
}

/** A click that drags nothing. */
function onClick(u: uPlot, act: (seconds: number) => void): () => void {
  let downAt = Number.NaN;
  const down = ({ clientX }: MouseEvent) => {
    downAt = clientX;
  };
  const click = ({ clientX, detail }: MouseEvent) => {
    if (detail === 1 && Math.abs(clientX - downAt) < 4) act(u.posToVal(clientX - u.over.getBoundingClientRect().left, 'x'));
  };
  u.over.addEventListener('mousedown', down);
  u.over.addEventListener('click', click);
  return () => {
    u.over.removeEventListener('mousedown', down);
    u.over.removeEventListener('click', click);
  };
}

/** uPlot's third argument, which its types leave out, tells the other charts of the page too. */
const moveCursor = (u: uPlot, to: { left: number; top: number }): void =>
  (u.setCursor as (to: { left: number; top: number }, fireHook: boolean, publish: boolean) => void)(to, true, true);

function hideCursor(u: uPlot, cursor: Cursor): void {
  moveCursor(u, { left: -10, top: -10 });
  cursor.set(null);
}

function options(element: HTMLElement, latest: RefObject<PlotInput>): uPlot.Options {
  const { series, bands, height, padding, yAxisWidth, cursor, xAxis = 'clock' } = latest.current;
  const clock = xAxis === 'clock';
  const axis: uPlot.Axis = {
    stroke: () => token('--text-3'),
    font: chartFont(),
    grid: { stroke: () => token('--grid'), width: 1 },
    ticks: { show: false },
  };
  return {
    width: Math.max(100, Math.floor(element.clientWidth)),
    height,
    series: [{}, ...series],
    ...(bands ? { bands } : {}),
    ...(padding ? { padding } : {}),
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    scales: {
      x: { time: clock, range: () => [latest.current.x.min, latest.current.x.max] },
      y: { range: () => [latest.current.y.min, latest.current.y.max] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { show: true, stroke: () => token('--line-2'), width: 1, size: 4 },
        gap: 4,
        size: 26,
        space: 74,
        ...(clock ? {} : { incrs: AGE_STEPS }),
        values: (_, splits, __, ___, step) => splits.map((at) => (clock ? timeTick(at, step) : at === 0 ? '0' : formatDuration(at))),
      },
      { ...axis, size: yAxisWidth, gap: 8, space: height > 150 ? 44 : 26, values: (_, splits) => splits.map((value) => formatTick(value)) },
    ],
    cursor: {
      y: false,
      points: { size: 7, width: 1.5 },
      drag: { x: true, y: false, setScale: false },
      sync: { key: cursor.key, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave', sub: () => true } },
    },
    hooks: {
      drawClear: [(u) => latest.current.drawUnder?.(u)],
      draw: [
        (u) => {
          latest.current.drawOver?.(u);
          // a test reads how often a live chart is drawn
          u.root.dataset.draws = String(Number(u.root.dataset.draws ?? 0) + 1);
        },
      ],
      setCursor: [(u) => latest.current.cursor.set(timeUnderCursor(u))],
      setSelect: [
        (u) => {
          const { left, width } = u.select;
          if (width < 8) return;
          latest.current.onZoom(Math.floor(u.posToVal(left, 'x')), Math.ceil(u.posToVal(left + width, 'x')));
          // where the pointer stands is another time now: what it says comes back when it moves
          hideCursor(u, latest.current.cursor);
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** Round ages for ticks: 30 s to 30 d. */
const AGE_STEPS = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000];

function timeTick(seconds: number, step: number): string {
  if (step >= 86_400 || (step >= 3600 && seconds % 86_400 === 0)) return formatDay(seconds * 1000);
  return step < 60 ? formatClock(seconds * 1000) : formatHourMinute(seconds * 1000);
}

/** The point under the crosshair; none where the crosshair stands far from any data. */
function timeUnderCursor(u: uPlot): number | null {
  const { left, idx } = u.cursor;
  if (left === undefined || left < 0 || idx === null || idx === undefined) return null;
  const time = u.data[0][idx];
  const span = (u.scales.x?.max ?? 0) - (u.scales.x?.min ?? 0);
  return time !== undefined && Math.abs(time - u.posToVal(left, 'x')) <= Math.max(45, span / 60) ? time : null;
}
