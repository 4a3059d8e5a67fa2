'use client';
import { useMemo, useRef } from 'react';
import type uPlot from 'uplot';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import { type Cursor, useCursor } from './cursor.ts';
import { nearest } from './lives.ts';
import { type ChartWindow, niceTop } from './time-series.tsx';
import { token } from './tokens.ts';
import { usePlot } from './use-plot.ts';

export type OverlayLine = {
  key: string;
  label: string;
  color: 1 | 2 | 3 | 4 | 5 | 6;
  dashed: boolean;
  values: readonly (number | null | undefined)[];
};

/**
 * Many nodes on one axis: the clock, or the age of their processes. Mount it anew (`key`) when the lines are others; new values of the same
 * lines only redraw it.
 */
export function OverlayChart({
  title,
  unit,
  by,
  x,
  lines,
  limit,
  window,
  format,
  cursor,
  onZoom,
  onZoomReset,
}: {
  title: string;
  unit: string;
  by: 'clock' | 'age';
  x: readonly number[];
  lines: readonly OverlayLine[];
  /** where all nodes have the same */
  limit: number | null;
  window: ChartWindow;
  format: (value: number) => string;
  cursor: Cursor;
  onZoom: (from: number, to: number) => void;
  onZoomReset: () => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  // uPlot only reads what it is given
  const data = useMemo(() => [x, ...lines.map(({ values }) => values)] as unknown as uPlot.AlignedData, [x, lines]);
  const highest = useMemo(() => Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0))), [lines]);
  const { onKeyDown } = usePlot(frame, {
    data,
    series: lines.map(({ color, dashed }) => ({
      stroke: () => token(`--series-${color}`),
      width: 1.6,
      ...(dashed ? { dash: [5, 4] } : {}),
      points: { show: false },
      spanGaps: false,
    })),
    height: 360,
    padding: [14, 20, 0, 0],
    yAxisWidth: 52,
    x: { min: window.from, max: window.to },
    y: { min: 0, max: limit !== null && limit < highest * 1.6 ? limit * 1.05 : niceTop(highest) },
    xAxis: by,
    cursor,
    overlay: limit,
    pin: null,
    onPin: () => undefined,
    onZoom,
    onZoomReset,
  });
  const at = useCursor(cursor);
  const index = at === null ? null : nearest(x, at);
  const place = index === null ? null : placeWords(x[index] ?? 0, by);
  const words = index === null ? '' : lines.map(({ label, values }) => `${label} ${valueWords(values[index], format)}`).join(', ');
  return (
    <div className="chart overlay">
      <div
        className="plot"
        ref={frame}
        role="slider"
        tabIndex={0}
        aria-label={`${title} by ${by === 'clock' ? 'the clock' : 'process age'}, cursor`}
        aria-valuemin={window.from}
        aria-valuemax={window.to}
        aria-valuenow={at ?? window.to}
        aria-valuetext={place === null ? `${lines.length} lines, ${unit}` : `${place}: ${words}`}
        onKeyDown={onKeyDown}
      />
      <ul className="legend" aria-label="Lines">
        {lines.map(({ key, label, color, dashed, values }) => (
          <li key={key}>
            <i className={dashed ? 'sw ln dash' : 'sw ln'} style={{ borderColor: `var(--series-${color})` }} />
            {label} <b>{valueWords(index === null ? values.findLast((value) => typeof value === 'number') : values[index], format)}</b>
          </li>
        ))}
        <li className="t3">{place ?? 'newest'}</li>
      </ul>
    </div>
  );
}

const valueWords = (value: number | null | undefined, format: (value: number) => string): string =>
  value === null || value === undefined ? 'no data' : format(value);

const placeWords = (x: number, by: 'clock' | 'age'): string =>
  by === 'clock' ? `${formatClock(x * 1000)} UTC` : `${formatDuration(x)} old`;
