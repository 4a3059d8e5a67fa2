'use client';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import type { NodeMetricsAnswer, SeriesName } from '#shared/metrics.ts';
import { formatCount, formatFigure } from '#shared/units/count.ts';
import { formatClock, formatInstant } from '#shared/units/time.ts';

const COLUMNS: readonly [SeriesName, string, (value: number) => string][] = [
  ['openFds', 'Open', formatCount],
  ['explainedFds', 'Explained', formatCount],
  ['unexplainedFds', 'Unexplained', formatCount],
  ['fdLimit', 'Limit', formatCount],
  ['connectionsActive', 'Connections', formatCount],
  ['connectionsStale', 'Stale', formatCount],
  ['poolIdle', 'Pool idle', formatCount],
  ['acceptedPerSecond', 'Accepted /s', formatFigure],
  ['refusedPerSecond', 'Refused /s', formatFigure],
];
const ROWS = 200;

/** The charts' data, newest first: the same for eyes, screen readers and a spreadsheet. */
export function MetricsTable({ answer }: { answer: NodeMetricsAnswer }) {
  const every = Math.max(1, Math.ceil(answer.times.length / ROWS));
  const indexes = answer.times
    .map((_, index) => index)
    .filter((index) => (answer.times.length - 1 - index) % every === 0)
    .reverse();
  const starts = answer.processStarts.map((start) => Date.parse(start) / 1000);
  return (
    <>
      <div className="row sm t3 px-4 pb-2">
        {every === 1
          ? `All ${formatCount(answer.times.length)} points`
          : `One in ${every} of ${formatCount(answer.times.length)} points; a copy has them all`}
        <CopyButton text={toTsv(answer)} label="Copy all points as a table" />
      </div>
      <div className="table-scroll">
        <TableFrame label="Metrics" tight>
          <thead>
            <tr>
              <th scope="col">UTC</th>
              {COLUMNS.map(([name, label]) => (
                <th scope="col" className="num" key={name}>
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {indexes.map((index) => {
              const time = answer.times[index] ?? 0;
              const restarted = starts.some((start) => start <= time && start > (answer.times[index - every] ?? 0));
              return (
                <tr key={time}>
                  <td title={formatInstant(time * 1000)}>
                    {formatClock(time * 1000)}
                    {restarted ? <span className="fg-accent sm"> restart</span> : null}
                  </td>
                  {COLUMNS.map(([name, , format]) => {
                    const value = answer.series[name]?.[index] ?? null;
                    return (
                      <td className="num" key={name}>
                        {value === null ? '–' : format(value)}
                      </td>
                    );
                  })}
                </tr>
              );
            })}
          </tbody>
        </TableFrame>
      </div>
    </>
  );
}

function toTsv({ times, series }: NodeMetricsAnswer): string {
  const names = Object.keys(series);
  const rows = times.map((time, index) => [formatInstant(time * 1000), ...names.map((name) => series[name]?.[index] ?? '')].join('\t'));
  return [['time', ...names].join('\t'), ...rows].join('\n');
}
