import type { OverlayLine } from '#components/charts/overlay-chart.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { formatClock, formatDuration, formatInstant } from '#shared/units/time.ts';
import type { CompareBy } from './compare-lines.ts';

const ROWS = 100;

/** The lines' points, thinned evenly. */
export function CompareTable({
  x,
  by,
  lines,
  format,
}: {
  x: readonly number[];
  by: CompareBy;
  lines: readonly OverlayLine[];
  format: (value: number) => string;
}) {
  const every = Math.max(1, Math.ceil(x.length / ROWS));
  const shown = x.flatMap((at, index) => ((x.length - 1 - index) % every === 0 ? [{ at, index }] : []));
  return (
    <div className="table-scroll">
      <TableFrame label="Compared values" tight>
        <thead>
          <tr>
            <th scope="col">{by === 'clock' ? 'UTC' : 'Process age'}</th>
            {lines.map(({ key, label }) => (
              <th scope="col" className="num" key={key}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.reverse().map(({ at, index }) => (
            <tr key={at}>
              <td title={by === 'clock' ? formatInstant(at * 1000) : undefined}>
                {by === 'clock' ? formatClock(at * 1000) : formatDuration(at)}
              </td>
              {lines.map(({ key, values }) => {
                const value = values[index];
                return (
                  <td className="num" key={key}>
                    {value === null || value === undefined ? '–' : format(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </TableFrame>
    </div>
  );
}
