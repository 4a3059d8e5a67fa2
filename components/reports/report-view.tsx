'use client';
import { ChevronLeft, ChevronRight, Printer } from 'lucide-react';
import Link from 'next/link';
import { type ReportRange, reportUrl, useReport } from '#client/reports.ts';
import { useUrlState } from '#client/url-state.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { EmptyState, Way } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Kpi, KpiStrip } from '#components/ui/kpi.tsx';
import { consoleNow } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { Report } from '#shared/reports.ts';
import { formatCount, plural } from '#shared/units/count.ts';
import { formatDay } from '#shared/units/time.ts';
import { ReportTables } from './report-tables.tsx';

const WEEK_MS = 7 * 86_400_000;

/** What a week was for the fleet. The range is in the URL; without one it is the last seven days. */
export function ReportView() {
  const [from, setFrom] = useUrlState('from');
  const [to, setTo] = useUrlState('to');
  const range: ReportRange | null = from && to ? { from, to } : null;
  const report = useReport(range);
  const move = (next: ReportRange | null) => {
    setFrom(next?.from ?? null);
    setTo(next?.to ?? null);
  };
  if (report.isPending)
    return (
      <Loading what="the report">
        <Skeleton height={320} />
      </Loading>
    );
  if (!report.data) return <ErrorState error={report.error} onRetry={() => void report.refetch()} />;
  const { data } = report;
  return (
    <div className="stack report">
      <RangeBar report={data} isNow={range === null} onMove={move} />
      {data.empty ? (
        <EmptyState
          title="Nothing in this time"
          lead={`Between ${formatDay(Date.parse(data.from))} and ${formatDay(Date.parse(data.to))} nothing was measured and nothing happened.`}
        >
          <Way icon={<ChevronRight className="i" aria-hidden="true" />} title="Look at another time">
            The last seven days are the report without a range.
          </Way>
        </EmptyState>
      ) : (
        <>
          <ReportKpis report={data} />
          <div className="duo">
            <Lines title="In short" lines={data.summary} none="Nothing stands out." />
            <Lines title="What to do next" lines={data.next} none="Nothing that the console knows of." />
          </div>
          <ReportTables report={data} />
        </>
      )}
    </div>
  );
}

function RangeBar({ report, isNow, onMove }: { report: Report; isNow: boolean; onMove: (range: ReportRange | null) => void }) {
  const [from, to] = [Date.parse(report.from), Date.parse(report.to)];
  const shifted = (ms: number): ReportRange => ({ from: new Date(from + ms).toISOString(), to: new Date(to + ms).toISOString() });
  const span = Math.max(WEEK_MS, to - from);
  const next = to + span > consoleNow() ? null : shifted(span);
  const here: ReportRange = { from: report.from, to: report.to };
  return (
    <div className="row wrap report-range">
      <Button icon aria-label="The time before" onClick={() => onMove(shifted(-span))}>
        <ChevronLeft className="i s" aria-hidden="true" />
      </Button>
      <b className="num">
        {formatDay(from)} to {formatDay(to)}
      </b>
      <Button icon aria-label="The time after" disabled={isNow} onClick={() => onMove(next)}>
        <ChevronRight className="i s" aria-hidden="true" />
      </Button>
      <span className="push row wrap hide-print">
        {isNow ? (
          <Link className="sm" href={`/reports?${new URLSearchParams(here)}`}>
            Permalink
          </Link>
        ) : null}
        <LinkButton href={reportUrl(here, 'md')} prefetch={false}>
          Markdown
        </LinkButton>
        <LinkButton href={reportUrl(here, 'html')} prefetch={false}>
          HTML
        </LinkButton>
        <Button onClick={() => window.print()}>
          <Printer className="i s" aria-hidden="true" />
          Print
        </Button>
      </span>
    </div>
  );
}

function ReportKpis({ report }: { report: Report }) {
  const [low] = report.lowest;
  const closed = report.incidents.filter(({ closedAt }) => closedAt !== null).length;
  return (
    <KpiStrip label="The range in figures">
      <Kpi
        label="Least headroom"
        value={low ? Math.round(low.percent) : '–'}
        unit={low ? '%' : undefined}
        detail={low ? `${low.name}, ${formatCount(low.headroom)} fds` : 'no samples'}
      />
      <Kpi
        label="Leak incidents"
        value={report.leaks.found}
        detail={`${report.leaks.fixed} closed, ${report.leaks.notFixed} judged "not fixed"`}
        tone={report.leaks.open > 0 ? 'warn' : undefined}
      />
      <Kpi label="Incidents" value={report.incidents.length} detail={`${closed} closed`} />
      <Kpi label="Changes" value={report.changes.length} detail={plural(report.drills.length, 'drill')} />
    </KpiStrip>
  );
}

function Lines({ title, lines, none }: { title: string; lines: readonly string[]; none: string }) {
  return (
    <Card title={title}>
      {lines.length === 0 ? (
        <p className="t3">{none}</p>
      ) : (
        <ul className="stack">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </Card>
  );
}
