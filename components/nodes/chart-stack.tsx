'use client';
import { useMemo, useState } from 'react';
import type { Range } from '#client/metrics.ts';
import { type Cursor, createCursor, useCursor } from '#components/charts/cursor.ts';
import { FdChart } from '#components/charts/fd-chart.tsx';
import type { Annotations, Forecast } from '#components/charts/layers.ts';
import { lastKnown, nearest } from '#components/charts/lives.ts';
import { TimeSeries } from '#components/charts/time-series.tsx';
import type { NodeMetricsAnswer, SeriesName } from '#shared/metrics.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount, formatFigure } from '#shared/units/count.ts';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import { forecastOf } from './node-words.ts';

type Column = readonly (number | null)[];
const NOTHING: Column = [];

/** All charts of a node over one range, one crosshair, one set of restarts and runs. */
export function ChartStack({
  node,
  answer,
  range,
  fit,
  onZoom,
  onZoomReset,
}: {
  node: FleetNode;
  answer: NodeMetricsAnswer;
  range: Range;
  fit: boolean;
  onZoom: (from: number, to: number) => void;
  onZoomReset: () => void;
}) {
  const [cursor] = useState(() => createCursor(`node-${node.id}`));
  const column = (name: SeriesName): Column => answer.series[name] ?? NOTHING;
  const annotations = useMemo(() => annotationsOf(answer), [answer]);
  const last = answer.times.at(-1) ?? Date.parse(answer.to) / 1000;
  const limit = node.fdLimit ?? lastKnown(column('fdLimit'));
  const forecast = range.kind === 'live' ? forecastFrom(node, last, limit) : null;
  const span = range.kind === 'live' ? range.seconds : (range.toMs - range.fromMs) / 1000;
  const future = forecast ? Math.min(Math.max(forecast.band.mid * 1.15, span * 0.2), span * 0.35) : 0;
  const past = range.kind === 'live' ? { from: last - span, to: last } : { from: range.fromMs / 1000, to: range.toMs / 1000 };
  const small = { times: answer.times, annotations, window: past, cursor, onZoom, onZoomReset };
  const traffic = useMemo(() => bitRate(answer.series.bytesPerSecond ?? NOTHING), [answer]);
  const lag = useMemo(
    () => (answer.series.eventLoopLagSeconds ?? NOTHING).map((value) => (value === null ? null : value * 1000)),
    [answer],
  );
  const memory = useMemo(() => (answer.series.rssBytes ?? NOTHING).map((value) => (value === null ? null : value / 1_048_576)), [answer]);
  if (answer.times.length === 0)
    return <p className="no-points">No samples in this range. Charts fill as the node is read; pick a wider range for what came before.</p>;
  return (
    <>
      <FdLegend cursor={cursor} answer={answer} limit={limit} forecast={forecast !== null} />
      <FdChart
        data={{ times: answer.times, open: column('openFds'), explained: column('explainedFds'), limit }}
        annotations={annotations}
        window={{ from: past.from, to: past.to + future }}
        forecast={forecast}
        nowSeconds={range.kind === 'live' ? last : null}
        fit={fit}
        cursor={cursor}
        summary={summaryOf(node, answer, annotations)}
        onZoom={onZoom}
        onZoomReset={onZoomReset}
      />
      <div className="minis">
        <TimeSeries
          {...small}
          title="Connections"
          unit="active"
          format={formatCount}
          series={[
            { key: 'active', label: 'active tunnels', color: 1, values: column('connectionsActive') },
            { key: 'stale', label: 'stale', color: 5, values: column('connectionsStale') },
          ]}
        />
        <TimeSeries
          {...small}
          title="Pool"
          unit="idle"
          format={formatCount}
          series={[
            { key: 'idle', label: 'idle', color: 2, values: column('poolIdle') },
            { key: 'active', label: 'active', color: 3, values: column('poolActive') },
          ]}
        />
        <TimeSeries
          {...small}
          title="Accepted and refused"
          unit="conn/s"
          format={formatFigure}
          series={[
            { key: 'accepted', label: 'accepted', color: 1, values: column('acceptedPerSecond') },
            { key: 'refused', label: 'refused', color: 'danger', values: column('refusedPerSecond') },
          ]}
        />
        <TimeSeries
          {...small}
          title="Traffic"
          unit={traffic.unit}
          format={formatFigure}
          series={[{ key: 'bytes', label: 'both ways', color: 3, values: traffic.values }]}
        />
        <TimeSeries
          {...small}
          title="Event-loop lag"
          unit="ms"
          format={formatFigure}
          series={[{ key: 'lag', label: 'lag', color: 4, values: lag }]}
        />
        <TimeSeries
          {...small}
          title="Memory"
          unit="MiB"
          format={formatFigure}
          series={[{ key: 'rss', label: 'resident', color: 6, values: memory }]}
        />
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

function annotationsOf(answer: NodeMetricsAnswer): Annotations {
  const seconds = (instant: string) => Date.parse(instant) / 1000;
  const end = answer.times.at(-1) ?? seconds(answer.to);
  return {
    starts: answer.processStarts.map(seconds).sort((a, b) => a - b),
    blind: answer.blind.map(({ from, to }) => ({ from: seconds(from), to: seconds(to) })),
    runs: answer.runs.map(({ id, title, from, to, verdict }) => ({
      id,
      title,
      from: seconds(from),
      to: to === null ? end : seconds(to),
      verdict,
    })),
  };
}

function forecastFrom(node: FleetNode, from: number, limit: number | null): Forecast | null {
  const band = forecastOf(node);
  if (!band || limit === null || node.openFds === null || node.openFds >= limit || band.mid <= 0) return null;
  return { from, openFds: node.openFds, limit, band };
}

/** One unit for the whole range, so that the axis and the figure agree. */
function bitRate(values: Column): { unit: string; values: (number | null)[] } {
  const highest = Math.max(0, ...values.map((value) => value ?? 0)) * 8;
  const [unit, factor] = highest >= 1e9 ? ['Gbit/s', 1e9] : highest >= 1e6 ? ['Mbit/s', 1e6] : ['kbit/s', 1e3];
  return { unit: String(unit), values: values.map((value) => (value === null ? null : (value * 8) / Number(factor))) };
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
