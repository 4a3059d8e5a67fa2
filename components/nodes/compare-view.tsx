'use client';
import dynamic from 'next/dynamic';
import { useMemo, useState } from 'react';
import { useCompared } from '#client/compare.ts';
import { LIVE_RANGES, parseRange } from '#client/metrics.ts';
import { useFleet } from '#client/nodes.ts';
import { useUrlChoice, useUrlState } from '#client/url-state.ts';
import { createCursor } from '#components/charts/cursor.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { SelectField } from '#components/ui/field.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { SeriesName } from '#shared/metrics.ts';
import { isSeen } from '#shared/node-words.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount, formatFigure, plural } from '#shared/units/count.ts';
import { formatDay, formatHourMinute } from '#shared/units/time.ts';
import { COMPARE_BY, type CompareBy, compareLines, shareAnAge } from './compare-lines.ts';
import { CompareMatrix } from './compare-matrix.tsx';
import { CompareTable } from './compare-table.tsx';
import { NoMatch } from './fleet-empty.tsx';
import { selectNodes, sortNodes } from './select-nodes.ts';
import { SelectorBox } from './selector-box.tsx';

/** The chart library is fetched when a chart is shown, not with the page. */
const OverlayChart = dynamic(() => import('#components/charts/overlay-chart.tsx').then((chart) => chart.OverlayChart), {
  ssr: false,
  loading: () => <Skeleton height={360} />,
});

/** One colour each: more lines than these cannot be told apart. */
const MOST_DRAWN = 6;
const METRICS = [
  'openFds',
  'unexplainedFds',
  'connectionsActive',
  'connectionsStale',
  'acceptedPerSecond',
  'poolIdle',
  'rssBytes',
] as const satisfies readonly SeriesName[];
type Metric = (typeof METRICS)[number];
const METRIC_WORDS: Record<Metric, { title: string; unit: string }> = {
  openFds: { title: 'Open fds', unit: 'fds' },
  unexplainedFds: { title: 'Unexplained fds', unit: 'fds' },
  connectionsActive: { title: 'Active tunnels', unit: 'tunnels' },
  connectionsStale: { title: 'Stale tunnels', unit: 'tunnels' },
  acceptedPerSecond: { title: 'Accepted', unit: 'conn/s' },
  poolIdle: { title: 'Idle pool sockets', unit: 'sockets' },
  rssBytes: { title: 'Resident memory', unit: 'bytes' },
};
const BY_WORDS: Record<CompareBy, string> = { clock: 'By the clock', age: 'By process age' };

/** Which differs, and in what? All of the view is in the URL: q, by, metric, range. */
export function CompareView() {
  const { data, error, refetch } = useFleet();
  const [text, setText] = useUrlState('q');
  const nodes = data?.nodes;
  const selection = useMemo(() => selectNodes(nodes ?? [], text ?? ''), [nodes, text]);
  const byUrgency = useMemo(() => sortNodes(selection.nodes, 'eta', false), [selection.nodes]);
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={() => void refetch()} />
    ) : (
      <Loading what="the fleet">
        <Skeleton height={360} />
      </Loading>
    );
  return (
    <>
      <div className="page-h">
        <SelectorBox
          value={text ?? ''}
          onChange={setText}
          matching={selection.nodes.length}
          total={data.nodes.length}
          problem={selection.ok ? null : selection.message}
          labels={data.nodes[0]?.labels ?? {}}
        />
      </div>
      {selection.nodes.length === 0 ? (
        <NoMatch nodes={data.nodes} query={text ?? ''} onQuery={setText} />
      ) : (
        <div className="stack">
          <Overlay nodes={byUrgency} />
          <CompareMatrix nodes={selection.nodes} onSelect={(names) => setText(`name=${names.join(',')}`)} />
        </div>
      )}
    </>
  );
}

function Overlay({ nodes }: { nodes: readonly FleetNode[] }) {
  const [by, setBy] = useUrlChoice('by', COMPARE_BY, 'clock');
  const [metric, setMetric] = useUrlChoice<Metric>('metric', METRICS, 'openFds');
  const [rangeText, setRange] = useUrlState('range');
  const [zoomed, setZoomed] = useState<{ from: number; to: number } | null>(null);
  const [shownAs, setShownAs] = useUrlChoice('as', ['chart', 'table'], 'chart');
  const range = parseRange(rangeText, '1h');
  // in the order of names, not of figures: places in the legend can be learnt, and nothing is asked anew when a figure moves
  const chosen = nodes
    .filter(isSeen)
    .slice(0, MOST_DRAWN)
    .map(({ id, name }) => `${name} ${id}`)
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .join(',');
  const drawn = useMemo(() => chosen.split(',').filter(Boolean).map(nameAndId), [chosen]);
  const { answers, pending, failed, step } = useCompared(drawn, range, metric, consoleNow);
  const compared = useMemo(() => {
    const starts = new Map(nodes.map(({ name, processStart }) => [name, processStart]));
    return compareLines(
      answers.map((one) => ({ ...one, processStart: starts.get(one.name) ?? null })),
      metric,
      by,
      step,
    );
  }, [answers, nodes, metric, by, step]);
  const apart = by === 'age' && compared.lines.length > 1 && !shareAnAge(compared);
  const lines = useMemo(
    () =>
      compared.lines.map(({ key, name, life, values }) => ({
        ...{ key, values, label: life === 0 ? name : `${name}, before its restart`, dashed: life > 0 },
        color: colorOf(drawn.findIndex((node) => node.name === name)),
      })),
    [compared, drawn],
  );
  const [cursor] = useState(() => createCursor('compare'));
  const { title, unit } = METRIC_WORDS[metric];
  const format = metric === 'acceptedPerSecond' ? formatFigure : formatCount;
  const full = { from: compared.x[0] ?? 0, to: compared.x.at(-1) ?? 1 };
  const limits = new Set(nodes.filter(({ name }) => drawn.some((node) => node.name === name)).map(({ fdLimit }) => fdLimit));
  const limit = limits.size === 1 && metric === 'openFds' ? ([...limits][0] ?? null) : null;
  const zoom = (from: number, to: number) => (by === 'clock' ? setRange(`${from}-${to}`) : setZoomed({ from, to }));
  const unzoom = () => (by === 'clock' ? setRange(null) : setZoomed(null));
  const asTable = shownAs === 'table';
  return (
    <Card
      flush
      title={title}
      meta={
        nodes.length > drawn.length
          ? `the ${drawn.length} that die first of ${formatCount(nodes.length)}: narrow the selector for others`
          : plural(drawn.length, 'node')
      }
    >
      <div className="chart-bar">
        <SelectField
          label={<span className="vh">What is compared</span>}
          value={metric}
          onChange={({ target }) => setMetric(METRICS.find((one) => one === target.value) ?? 'openFds')}
        >
          {METRICS.map((one) => (
            <option key={one} value={one}>
              {METRIC_WORDS[one].title}, {METRIC_WORDS[one].unit}
            </option>
          ))}
        </SelectField>
        <Segmented
          label="Axis"
          options={COMPARE_BY.map((value) => ({ value, label: BY_WORDS[value] }))}
          value={by}
          onChange={(next) => {
            setZoomed(null);
            setBy(next);
          }}
        />
        <Segmented
          label="Range"
          options={LIVE_RANGES.map(({ key, label }) => ({ value: key, label }))}
          value={range.kind === 'live' ? (LIVE_RANGES.find(({ seconds }) => seconds === range.seconds)?.key ?? null) : null}
          onChange={(key) => setRange(key === '1h' ? null : key)}
        />
        {range.kind === 'fixed' ? (
          <span className="row sm t2">
            {formatDay(range.fromMs)} {formatHourMinute(range.fromMs)} to {formatHourMinute(range.toMs)} UTC
          </span>
        ) : null}
        {range.kind === 'fixed' || zoomed ? (
          <Button small look="ghost" onClick={unzoom}>
            Whole range
          </Button>
        ) : null}
        <span className="row push">
          <Button small look="ghost" aria-pressed={asTable} onClick={() => setShownAs(asTable ? 'chart' : 'table')}>
            As table
          </Button>
        </span>
      </div>
      {failed.length > 0 ? (
        <div className="px-4 pb-2">
          <Callout tone="warn" live>
            <b>{failed.map(({ name }) => name).join(', ')}</b> could not be read: {asProblem(failed[0]?.error).detail}
          </Callout>
        </div>
      ) : null}
      {lines.length === 0 ? (
        <p className="no-points" aria-busy={pending > 0}>
          {pending > 0 ? 'Reading…' : by === 'age' ? 'No sample in this range whose process start is known.' : 'No samples in this range.'}
        </p>
      ) : asTable ? (
        <CompareTable x={compared.x} by={by} lines={lines} format={format} />
      ) : (
        <div className="fdchart">
          <OverlayChart
            key={`${by} ${lines.map(({ key }) => key).join(' ')}`}
            {...{ title, unit, by, lines, limit, format, cursor }}
            x={compared.x}
            window={zoomed ?? full}
            onZoom={zoom}
            onZoomReset={unzoom}
          />
        </div>
      )}
      {by === 'age' ? (
        <p className="help px-4 pb-3">
          Nought is the start of each process: what counts is whether lines of the same age climb alike. A dashed line is the life before
          the last restart.
          {apart ? <b className="t1"> No two of these processes had the same age in this range: take a longer one.</b> : null}
        </p>
      ) : null}
    </Card>
  );
}

const COLORS = [1, 2, 3, 4, 5, 6] as const;
const colorOf = (index: number): (typeof COLORS)[number] => COLORS[Math.max(0, index) % COLORS.length] ?? 1;

function nameAndId(text: string): { name: string; id: string } {
  const at = text.indexOf(' ');
  return { name: text.slice(0, at), id: text.slice(at + 1) };
}
