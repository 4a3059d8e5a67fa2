'use client';
import { Table2 } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { LIVE_RANGES, parseRange, type RangeName, useNodeMetrics } from '#client/metrics.ts';
import { useUrlChoice, useUrlState } from '#client/url-state.ts';
import { Button } from '#components/ui/button.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { formatDay, formatHourMinute } from '#shared/units/time.ts';
import { MetricsTable } from './metrics-table.tsx';

const loading = () => <Skeleton height={560} />;
/** The chart library is fetched when a chart is shown, not with the page. */
const ChartStack = dynamic(() => import('./chart-stack.tsx').then(({ ChartStack: Stack }) => Stack), { ssr: false, loading });

const SCALES = ['limit', 'fit'] as const;

/** A young process fills a quarter of an hour; an hour would be empty to nine tenths. */
const usualRange = ({ processStart }: FleetNode): RangeName =>
  processStart !== null && consoleNow() - Date.parse(processStart) < 1_200_000 ? '15m' : '1h';

/** Range and scale are in the URL, so that what one person sees another can open. */
export function NodeCharts({ node }: { node: FleetNode }) {
  const [rangeText, setRange] = useUrlState('range');
  const [scale, setScale] = useUrlChoice('scale', SCALES, 'limit');
  const fit = scale === 'fit';
  const [shownAs, setShownAs] = useUrlChoice('as', ['charts', 'table'], 'charts');
  const asTable = shownAs === 'table';
  const [usual] = useState(() => usualRange(node));
  const range = parseRange(rangeText, usual);
  const { data, error, refetch, isPlaceholderData } = useNodeMetrics(node.id, range, consoleNow);
  const named = range.kind === 'live' ? (LIVE_RANGES.find(({ seconds }) => seconds === range.seconds)?.key ?? usual) : null;
  const zoom = (from: number, to: number) => setRange(`${from}-${to}`);
  const unzoom = () => setRange(null);
  return (
    <>
      <div className="chart-bar">
        <Segmented
          label="Range"
          options={LIVE_RANGES.map(({ key, label }) => ({ value: key, label }))}
          value={named}
          onChange={(key) => setRange(key === usual ? null : key)}
        />
        {range.kind === 'fixed' ? (
          <span className="row sm t2">
            {formatDay(range.fromMs)} {formatHourMinute(range.fromMs)} to {formatHourMinute(range.toMs)} UTC
            <Button small look="ghost" onClick={unzoom}>
              Back to live
            </Button>
          </span>
        ) : null}
        <span className="row push">
          <Segmented
            label="Scale of open fds"
            options={[
              { value: 'limit', label: 'To limit' },
              { value: 'fit', label: 'Fit' },
            ]}
            value={scale}
            onChange={setScale}
          />
          <Button small look="ghost" aria-pressed={asTable} onClick={() => setShownAs(asTable ? 'charts' : 'table')}>
            <Table2 className="i s" aria-hidden="true" />
            As table
          </Button>
        </span>
      </div>
      {!data && error ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : !data ? (
        <div className="p-4">{loading()}</div>
      ) : asTable ? (
        <MetricsTable answer={data} />
      ) : (
        <div aria-busy={isPlaceholderData} className={isPlaceholderData ? 'opacity-70' : undefined}>
          <ChartStack node={node} answer={data} range={range} fit={fit} onZoom={zoom} onZoomReset={unzoom} />
        </div>
      )}
    </>
  );
}
