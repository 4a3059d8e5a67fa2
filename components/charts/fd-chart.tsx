'use client';
import { useMemo, useRef, useState } from 'react';
import type uPlot from 'uplot';
import { formatCount } from '#shared/units/count.ts';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import type { Annotations } from './annotations.ts';
import { type Cursor, useCursor } from './cursor.ts';
import { drawLane } from './lane.ts';
import { drawForecast, drawLimit, drawNow, drawPin, drawStarts, drawWells, type Forecast } from './layers.ts';
import { breakLines, nearest, splitExplained } from './lives.ts';
import { type ChartWindow, niceTop } from './time-series.tsx';
import { faded, hatch, token } from './tokens.ts';
import { usePlot } from './use-plot.ts';

export type FdData = {
  times: readonly number[];
  open: readonly (number | null)[];
  explained: readonly (number | null)[];
};

/** Index in the plotted columns: 1 all open fds where they are explained, 2 the explained part, 3 a mere count. */
const [OPEN, EXPLAINED] = [1, 2];

/** The chart of the product: what is open, what of it is explained, how far the limit is, and when it is reached. */
export function FdChart({
  data: { times, open, explained },
  limit,
  annotations,
  running,
  window,
  forecast,
  nowSeconds,
  fit,
  cursor,
  summary,
  pin,
  onPin,
  onZoom,
  onZoomReset,
}: {
  data: FdData;
  limit: number | null;
  annotations: Annotations;
  /** when the process that runs now began, epoch seconds: before any start in the range, it was this one */
  running: number | null;
  /** what is shown, the future included */
  window: ChartWindow;
  forecast: Forecast | null;
  nowSeconds: number | null;
  /** scale to the data instead of the limit */
  fit: boolean;
  cursor: Cursor;
  /** the chart in words */
  summary: string;
  /** the instant that was chosen, epoch seconds */
  pin: number | null;
  onPin: (seconds: number) => void;
  onZoom: (from: number, to: number) => void;
  onZoomReset: () => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const pattern = useRef<{ color: string; fill: CanvasPattern | string } | null>(null);
  const data = useMemo<uPlot.AlignedData>(() => {
    const { known, counted } = splitExplained(open, explained);
    const columns = breakLines(times, [known, explained, counted], annotations.starts);
    return [columns.times, ...columns.values];
  }, [times, open, explained, annotations.starts]);
  const highest = useMemo(() => Math.max(0, ...open.map((value) => value ?? 0)), [open]);
  const top = fit || limit === null ? niceTop(highest) : Math.max(limit, highest) * 1.07;
  const [small] = useState(() => typeof matchMedia === 'function' && matchMedia('(max-width: 760px)').matches);
  const height = small ? 270 : 338;

  const { onKeyDown, plot } = usePlot(frame, {
    data,
    series: [
      { stroke: () => token('--fd-unexplained'), width: 1.75, points: { show: false } },
      { stroke: () => token('--fd-explained'), fill: () => faded(token('--fd-explained'), 0.85), width: 0, points: { show: false } },
      {
        stroke: () => token('--unknown-line'),
        fill: () => faded(token('--unknown-line'), 0.14),
        width: 1.75,
        dash: [4, 3],
        points: { show: false },
      },
    ],
    bands: [
      {
        series: [OPEN, EXPLAINED],
        fill: (u) => {
          const color = token('--fd-unexplained');
          if (pattern.current?.color !== color) pattern.current = { color, fill: hatch(u.ctx, color) };
          return pattern.current.fill as string;
        },
      },
    ],
    height,
    // the last tick's words need half their width beside the plot
    padding: [44, 20, 0, 0],
    yAxisWidth: 46,
    x: { min: window.from, max: window.to },
    y: { min: 0, max: top },
    cursor,
    overlay: annotations,
    pin,
    onPin,
    onZoom,
    onZoomReset,
    drawUnder: (u) => drawWells(u, annotations, nowSeconds !== null && nowSeconds < window.to - 1 ? nowSeconds : null),
    drawOver: (u) => {
      drawStarts(u, annotations, 32);
      if (forecast) drawForecast(u, forecast);
      if (limit !== null) drawLimit(u, limit);
      if (nowSeconds !== null && forecast) drawNow(u, nowSeconds, forecast.openFds);
      drawLane(u, annotations, !small);
      if (pin !== null) drawPin(u, pin);
    },
  });

  const at = useCursor(cursor);
  const index = at === null ? null : nearest(times, at);
  const words = index === null ? summary : wordsAt(times[index] ?? 0, open[index] ?? null, explained[index] ?? null);
  return (
    <div className="chart fdchart">
      <div
        className="plot"
        ref={frame}
        role="slider"
        tabIndex={0}
        aria-label="Open file descriptors, cursor"
        aria-valuemin={window.from}
        aria-valuemax={window.to}
        aria-valuenow={at ?? window.to}
        aria-valuetext={words}
        onKeyDown={onKeyDown}
      />
      <p className="vh">{summary}</p>
      {index === null ? null : (
        <Tip
          left={tipLeft(plot.current, times[index] ?? 0)}
          time={times[index] ?? 0}
          open={open[index] ?? null}
          explained={explained[index] ?? null}
          limit={limit}
          start={startOf(times[index] ?? 0, annotations.starts, running)}
        />
      )}
    </div>
  );
}

const wordsAt = (time: number, open: number | null, explained: number | null): string =>
  `${formatClock(time * 1000)} UTC: ${open === null ? 'no data' : `${formatCount(open)} open`}${open !== null && explained !== null ? `, ${formatCount(open - explained)} unexplained` : ''}`;

/** When the process of a moment began; null where that was before the range and it is not the one that runs now. */
function startOf(time: number, starts: readonly number[], running: number | null): number | null {
  return starts.findLast((start) => start <= time) ?? (running !== null && running <= time ? running : null);
}

/** Pixel position of a time, and which side of it is free. */
function tipLeft(u: uPlot | null, time: number): { x: number; flip: boolean } {
  if (!u) return { x: 0, flip: false };
  const x = u.valToPos(time, 'x');
  return { x: x + u.over.offsetLeft, flip: x > u.over.clientWidth / 2 };
}

function Tip({
  left: { x, flip },
  time,
  open,
  explained,
  limit,
  start,
}: {
  left: { x: number; flip: boolean };
  time: number;
  open: number | null;
  explained: number | null;
  limit: number | null;
  start: number | null;
}) {
  return (
    <div className="tip" aria-hidden="true" style={flip ? { right: `calc(100% - ${x - 12}px)`, top: 62 } : { left: x + 12, top: 62 }}>
      <div className="row mb-1">
        <b>{formatClock(time * 1000)} UTC</b>
        {start === null ? null : <span className="t3 push">age {formatDuration(time - start)}</span>}
      </div>
      {open === null ? (
        'no data'
      ) : (
        <div className="g">
          {explained === null ? (
            <>
              <i className="sw ln dash" style={{ borderColor: 'var(--unknown-line)' }} />
              <span>open, counted</span>
              <b>{formatCount(open)}</b>
            </>
          ) : (
            <>
              <i className="sw hatch" />
              <span>unexplained</span>
              <b>{formatCount(open - explained)}</b>
              <i className="sw" style={{ background: 'var(--fd-explained)' }} />
              <span>explained</span>
              <b>{formatCount(explained)}</b>
            </>
          )}
          {limit === null ? null : (
            <>
              <i />
              <span>headroom</span>
              <b>{formatCount(limit - open)}</b>
            </>
          )}
        </div>
      )}
    </div>
  );
}
