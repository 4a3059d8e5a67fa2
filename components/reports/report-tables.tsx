'use client';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { Card } from '#components/ui/card.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import type { Report } from '#shared/reports.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatDay, formatDuration, formatForecast, formatInstant } from '#shared/units/time.ts';

type Row = { key: string; cells: readonly ReactNode[] };

function Part({
  title,
  meta,
  heads,
  rows,
  none,
}: {
  title: string;
  meta?: string;
  heads: readonly string[];
  rows: readonly Row[];
  none: string;
}) {
  return (
    <Card title={title} meta={meta} flush={rows.length > 0}>
      {rows.length === 0 ? (
        <p className="t3">{none}</p>
      ) : (
        <TableFrame label={title}>
          <thead>
            <tr>
              {heads.map((head) => (
                <th scope="col" key={head}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ key, cells }) => (
              <tr key={key}>
                {cells.map((cell, i) => (
                  <td key={heads[i]} className={i === 0 ? 'name' : undefined}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </TableFrame>
      )}
    </Card>
  );
}

const at = (instant: string) => <time dateTime={instant}>{formatInstant(Date.parse(instant))}</time>;
const node = ({ nodeId, name }: { nodeId: string; name: string }) => <Link href={`/nodes/${nodeId}`}>{name}</Link>;

export function ReportTables({ report }: { report: Report }) {
  return (
    <>
      <Part
        title="Who dies first"
        meta={`as of ${formatInstant(Date.parse(report.madeAt))}`}
        heads={['Node', 'Leaks', 'Out of fds in']}
        rows={report.now.diesFirst.map((one) => ({
          key: one.nodeId,
          cells: [
            node(one),
            one.perMinute === null ? '–' : `${one.perMinute.toFixed(1)} fds/min`,
            `${formatForecast(one.seconds.low)} to ${one.seconds.high === null ? 'no end' : formatForecast(one.seconds.high)}`,
          ],
        }))}
        none="No node has an end in sight."
      />
      <Trend report={report} />
      <Part
        title="Least headroom by node"
        heads={['Node', 'Of the limit', 'Headroom', 'When']}
        rows={report.lowest.map((one) => ({
          key: one.nodeId,
          cells: [node(one), `${Math.round(one.percent)} %`, `${formatCount(one.headroom)} fds`, at(one.at)],
        }))}
        none="No samples in this time."
      />
      <Part
        title="Incidents"
        heads={['Incident', 'Severity', 'Nodes', 'Opened', 'Acknowledged after', 'Closed']}
        rows={report.incidents.map((one) => ({
          key: one.id,
          cells: [
            <Link key="i" href={`/incidents/${one.id}`}>{`INC-${one.number} ${one.title}`}</Link>,
            one.severity,
            one.nodes.join(', '),
            at(one.openedAt),
            one.acknowledgedSeconds === null ? 'never' : formatDuration(one.acknowledgedSeconds),
            one.closedAt === null ? 'open' : at(one.closedAt),
          ],
        }))}
        none="None."
      />
      <Part
        title="Changes"
        heads={['When', 'What', 'By', 'Nodes', 'Ended', 'Verdict']}
        rows={report.changes.map((one) => ({
          key: one.id,
          cells: [
            <Link key="r" href={`/runs/${one.id}`}>
              {formatInstant(Date.parse(one.at))}
            </Link>,
            one.title,
            one.by,
            one.nodes,
            one.status,
            one.verdict ?? '–',
          ],
        }))}
        none="Nothing was changed through the console."
      />
      <Part
        title="Drift, now"
        heads={['Node']}
        rows={report.now.drift.map((one) => ({ key: one.nodeId, cells: [node(one)] }))}
        none="Every config is as agreed."
      />
      <Part
        title="Drills"
        heads={['When', 'By', 'Score']}
        rows={report.drills.map((one) => ({
          key: one.id,
          cells: [
            <Link key="d" href={`/drills/${one.id}`}>
              {formatInstant(Date.parse(one.at))}
            </Link>,
            one.by,
            `${one.score} of 100`,
          ],
        }))}
        none="Nobody rehearsed."
      />
    </>
  );
}

/** The least headroom of the fleet, day by day, as bars with their number beside them. */
function Trend({ report }: { report: Report }) {
  const days = report.headroom;
  return (
    <Card title="Headroom by day" meta="the node with the least, as a share of its limit">
      <ul className="report-trend">
        {days.map(({ day, lowestPercent, node: name }) => (
          <li key={day}>
            <span className="num t3">{formatDay(Date.parse(day))}</span>
            <span className="report-bar" aria-hidden="true">
              <span style={{ width: `${lowestPercent ?? 0}%` }} />
            </span>
            <span className="num">{lowestPercent === null ? 'no samples' : `${Math.round(lowestPercent)} % ${name ?? ''}`}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
