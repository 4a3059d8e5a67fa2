'use client';
import { useMemo, useRef } from 'react';
import type uPlot from 'uplot';
import { formatClock } from '#shared/units/time.ts';
import type { Annotations } from './annotations.ts';
import { type Cursor, useCursor } from './cursor.ts';
import { drawPin, drawSpans, drawStarts, drawWells, type ToneSpan } from './layers.ts';
import { breakLines, lastKnown, nearest } from './lives.ts';
import { faded, token } from './tokens.ts';
import { usePlot } from './use-plot.ts';

export type SeriesColor = 1 | 2 | 3 | 4 | 5 | 6 | 'danger';
export type ChartSeries = { key: string; label: string; color: SeriesColor; values: readonly (number | null)[] };
export type ChartWindow = { from: number; to: number };

const variable = (color: SeriesColor): string => (color === 'danger' ? '--danger-line' : `--series-${color}`);

/** A small chart of one page: title, value at the cursor or now, lines that break at restarts and gaps. Shares crosshair and range with the others. */
export function TimeSeries({
  title,
  unit,
  height = 100,
  format,
  times,
  series,
  annotations,
  window,
  cursor,
  note,
  spans,
  pin,
  onPin,
  onZoom,
  onZoomReset,
}: {
  title: string;
  unit: string;
  /** px of the plot */
  height?: number;
  format: (value: number) => string;
  times: readonly number[];
  series: readonly ChartSeries[];
  annotations: Annotations;
  window: ChartWindow;
  cursor: Cursor;
  note?: string | undefined;
  /** stretches that are tinted: when a rule fired */
  spans?: readonly ToneSpan[];
  pin: number | null;
  onPin: (seconds: number) => void;
  onZoom: (from: number, to: number) => void;
  onZoomReset: () => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const data = useMemo<uPlot.AlignedData>(() => {
    const columns = breakLines(
      times,
      series.map(({ values }) => values),
      annotations.starts,
    );
    return [columns.times, ...columns.values];
  }, [times, series, annotations.starts]);
  const top = useMemo(() => niceTop(Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)))), [series]);
  const { onKeyDown } = usePlot(frame, {
    data,
    series: series.map(({ color }) => ({
      stroke: () => token(variable(color)),
      fill: () => faded(token(variable(color)), 0.08),
      width: 1.5,
      points: { show: false },
      spanGaps: false,
    })),
    height,
    padding: [8, 18, 0, 0],
    yAxisWidth: 40,
    x: { min: window.from, max: window.to },
    y: { min: 0, max: top },
    cursor,
    onZoom,
    onZoomReset,
    drawUnder: (u) => {
      drawWells(u, annotations, null);
      if (spans) drawSpans(u, spans);
    },
    drawOver: (u) => {
      drawStarts(u, annotations);
      if (pin !== null) drawPin(u, pin);
    },
    overlay: spans ?? annotations,
    pin,
    onPin,
  });
  const at = useCursor(cursor);
  const index = at === null ? null : nearest(times, at);
  const pick = ({ values }: ChartSeries) => (index === null ? lastKnown(values) : (values[index] ?? null));
  const shown = series.map((one) => ({ ...one, value: pick(one) }));
  const first = shown[0];
  const words = shown.map(({ label, value }) => `${label} ${value === null ? 'no data' : `${format(value)} ${unit}`}`).join(', ');
  return (
    <div className="mini">
      <div className="h">
        <h3>{title}</h3>
        <span className="now">
          {first?.value === null || first === undefined ? <span className="t3">no data</span> : format(first.value)}{' '}
          <span className="u">{unit}</span>
        </span>
      </div>
      <div
        className="plot"
        ref={frame}
        role="slider"
        tabIndex={0}
        aria-label={`${title}, cursor`}
        aria-valuemin={window.from}
        aria-valuemax={window.to}
        aria-valuenow={at ?? window.to}
        aria-valuetext={`${at === null ? 'now' : `${formatClock(at * 1000)} UTC`}: ${words}`}
        onKeyDown={onKeyDown}
      />
      <div className="legend">
        {shown.map(({ key, label, color, value }, i) => (
          <span key={key}>
            <i className="sw ln" style={{ borderColor: `var(${variable(color)})` }} />
            {label}
            {i > 0 && value !== null ? <b>{format(value)}</b> : null}
          </span>
        ))}
        {note ? <span>{note}</span> : null}
      </div>
    </div>
  );
}

/** 1, 2, 2.5, 5 × 10ⁿ above the largest value, so that the top does not move with each sample. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 10;
  const power = 10 ** Math.floor(Math.log10(value * 1.05));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value * 1.05) ?? 10;
  return step * power;
}
