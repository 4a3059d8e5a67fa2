'use client';
import { useMemo, useState } from 'react';
import type { Range } from '#client/metrics.ts';
import type { Annotations } from '#components/charts/annotations.ts';
import { type Cursor, createCursor, useCursor } from '#components/charts/cursor.ts';
import { FdChart } from '#components/charts/fd-chart.tsx';
import type { Forecast } from '#components/charts/layers.ts';
import { lastKnown, nearest } from '#components/charts/lives.ts';
import { TimeSeries } from '#components/charts/time-series.tsx';
import type { Annotation } from '#shared/annotations.ts';
import type { NodeMetricsAnswer, SeriesName } from '#shared/metrics.ts';
import { forecastOf } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import { annotationsOf } from './node-annotations.ts';
import { panelsOf } from './node-panels.ts';

type Column = readonly (number | null)[];
const NOTHING: Column = [];

/** All charts of a node over one range, one crosshair, one set of restarts and runs. */
export function ChartStack({
  node,
  answer,
  range,
  fit,
  events,
  pin,
  onPin,
  onZoom,
  onZoomReset,
}: {
  node: FleetNode;
  answer: NodeMetricsAnswer;
  events: readonly Annotation[];
  /** the instant that was chosen, epoch seconds */
  pin: number | null;
  onPin: (seconds: number) => void;
  range: Range;
  fit: boolean;
  onZoom: (from: number, to: number) => void;
  onZoomReset: () => void;
}) {
  const [cursor] = useState(() => createCursor(`node-${node.id}`));
  const annotations = useMemo(() => annotationsOf(answer, events), [answer, events]);
  const fds = useMemo(
    () => ({ times: answer.times, open: answer.series.openFds ?? NOTHING, explained: answer.series.explainedFds ?? NOTHING }),
    [answer],
  );
  const last = answer.times.at(-1) ?? Date.parse(answer.to) / 1000;
  const limit = node.fdLimit ?? lastKnown(answer.series.fdLimit);
  const forecast = range.kind === 'live' ? forecastFrom(node, last, limit) : null;
  const span = range.kind === 'live' ? range.seconds : (range.toMs - range.fromMs) / 1000;
  const future = forecast ? Math.min(Math.max(forecast.band.mid * 1.15, span * 0.2), span * 0.35) : 0;
  const past = range.kind === 'live' ? { from: last - span, to: last } : { from: range.fromMs / 1000, to: range.toMs / 1000 };
  const small = { times: answer.times, annotations, window: past, cursor, pin, onPin, onZoom, onZoomReset };
  const panels = useMemo(() => panelsOf(answer), [answer]);
  if (answer.times.length === 0)
    return <p className="no-points">No samples in this range. Charts fill as the node is read; pick a wider range for what came before.</p>;
  return (
    <>
      <FdLegend cursor={cursor} answer={answer} limit={limit} forecast={forecast !== null} />
      <FdChart
        data={fds}
        limit={limit}
        annotations={annotations}
        running={node.processStart === null ? null : Date.parse(node.processStart) / 1000}
        window={{ from: past.from, to: past.to + future }}
        forecast={forecast}
        nowSeconds={range.kind === 'live' ? last : null}
        fit={fit}
        cursor={cursor}
        summary={summaryOf(node, answer, annotations)}
        pin={pin}
        onPin={onPin}
        onZoom={onZoom}
        onZoomReset={onZoomReset}
      />
      <div className="minis">
        {panels.map((panel) => (
          <TimeSeries key={panel.title} {...small} {...panel} />
        ))}
      </div>
    </>
  );
}

/** What each colour is, with its value at the cursor or now. */
function FdLegend({
  cursor,
  answer,
  limit,
  forecast,
}: {
  cursor: Cursor;
  answer: NodeMetricsAnswer;
  limit: number | null;
  forecast: boolean;
}) {
  const at = useCursor(cursor);
  const index = at === null ? null : nearest(answer.times, at);
  const value = (name: SeriesName) => {
    const column = answer.series[name];
    return index === null ? lastKnown(column) : (column?.[index] ?? null);
  };
  const open = value('openFds');
  const explained = value('explainedFds');
  const unexplained = value('unexplainedFds') ?? (open !== null && explained !== null ? open - explained : null);
  const words = (figure: number | null) => (figure === null ? 'no data' : formatCount(figure));
  return (
    <div className="fdh">
      <h2>Open file descriptors</h2>
      <div className="legend">
        <span>
          <i className="sw" style={{ background: 'var(--fd-explained)' }} />
          explained <b>{words(explained)}</b>
        </span>
        <span>
          <i className="sw hatch" />
          unexplained <b>{words(unexplained)}</b>
        </span>
        {explained === null && open !== null ? (
          <span>
            <i className="sw ln dash" style={{ borderColor: 'var(--unknown-line)' }} />
            counted <b>{words(open)}</b>
          </span>
        ) : null}
        {limit === null ? null : (
          <span>
            <i className="sw ln" style={{ borderColor: 'var(--fd-limit)' }} />
            limit <b>{formatCount(limit)}</b>
          </span>
        )}
        {forecast ? (
          <span className="hide-m">
            <i className="sw ln dash" style={{ borderColor: 'var(--fd-unexplained)' }} />
            forecast, 95 %
          </span>
        ) : null}
        <span className="t3">{index === null ? 'now' : `at ${formatClock((answer.times[index] ?? 0) * 1000)}`}</span>
      </div>
    </div>
  );
}

function forecastFrom(node: FleetNode, from: number, limit: number | null): Forecast | null {
  const band = forecastOf(node);
  if (!band || limit === null || node.openFds === null || node.openFds >= limit || band.mid <= 0) return null;
  return { from, openFds: node.openFds, limit, band };
}

function summaryOf(node: FleetNode, answer: NodeMetricsAnswer, { starts, blind }: Annotations): string {
  const [from, to] = [answer.times[0] ?? 0, answer.times.at(-1) ?? 0];
  const inRange = starts.filter((start) => start >= from && start <= to);
  const band = forecastOf(node);
  return [
    `Open fds from ${formatClock(from * 1000)} to ${formatClock(to * 1000)} UTC.`,
    node.openFds === null
      ? 'No data now.'
      : `Now ${formatCount(node.openFds)}${node.fdLimit === null ? '' : ` of ${formatCount(node.fdLimit)}`}.`,
    inRange.length > 0 ? `Restarted at ${inRange.map((start) => formatClock(start * 1000)).join(', ')}.` : 'No restart in this range.',
    blind.length > 0 ? `Scrape-blind for ${formatDuration(blind.reduce((sum, one) => sum + one.to - one.from, 0))}, counted over SSH.` : '',
    band ? `At the present slope the limit is reached in ${formatDuration(band.mid)}.` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
