'use client';
import { ScrollText, Table2, X } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useState } from 'react';
import { LIVE_RANGES, parseRange, type RangeName, useNodeEvents, useNodeMetrics } from '#client/metrics.ts';
import { useUrlChoice, useUrlState } from '#client/url-state.ts';
import { nearest } from '#components/charts/lives.ts';
import { Button } from '#components/ui/button.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import type { Annotation } from '#shared/annotations.ts';
import type { NodeMetricsAnswer } from '#shared/metrics.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatClock, formatDay, formatHourMinute } from '#shared/units/time.ts';
import { EventList } from './event-list.tsx';
import { MetricsTable } from './metrics-table.tsx';
import { useMoment } from './moment.ts';

const loading = () => <Skeleton height={560} />;
/** The chart library is fetched when a chart is shown, not with the page. */
const ChartStack = dynamic(() => import('./chart-stack.tsx').then(({ ChartStack: Stack }) => Stack), { ssr: false, loading });

const NO_EVENTS: readonly Annotation[] = [];
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
  const events = useNodeEvents(node.id, range, consoleNow);
  const moment = useMoment();
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
          {moment.at === null ? null : (
            <PinBar at={moment.at} answer={data} onLogs={() => moment.openLogs(moment.at ?? 0)} onClear={moment.clear} />
          )}
          <ChartStack
            node={node}
            answer={data}
            range={range}
            fit={fit}
            events={events.data?.events ?? NO_EVENTS}
            pin={moment.at}
            onPin={moment.choose}
            onZoom={zoom}
            onZoomReset={unzoom}
          />
          <EventList events={events.data?.events ?? NO_EVENTS} cut={events.data?.cut ?? false} onTime={moment.choose} />
        </div>
      )}
    </>
  );
}

/** The instant that was clicked on a chart, or that a journal line led to: its figures, and the way to the journal. */
function PinBar({ at, answer, onLogs, onClear }: { at: number; answer: NodeMetricsAnswer; onLogs: () => void; onClear: () => void }) {
  const index = nearest(answer.times, at);
  const known = index !== null && Math.abs((answer.times[index] ?? 0) - at) <= Math.max(30, answer.step * 1.5);
  const value = (name: string) => (known ? (answer.series[name]?.[index] ?? null) : null);
  const [open, unexplained] = [value('openFds'), value('unexplainedFds')];
  return (
    <div className="moment" role="status">
      <b className="t1">{formatClock(at * 1000)} UTC</b>
      <span className="t2">
        {open === null ? 'no sample in this range' : `${formatCount(open)} open fds`}
        {unexplained === null ? '' : `, ${formatCount(unexplained)} unexplained`}
      </span>
      <span className="row push">
        <Button small onClick={onLogs}>
          <ScrollText className="i s" aria-hidden="true" />
          Journal at this time
        </Button>
        <Button small look="ghost" icon aria-label="Forget this time" title="Forget this time" onClick={onClear}>
          <X className="i s" aria-hidden="true" />
        </Button>
      </span>
    </div>
  );
}
