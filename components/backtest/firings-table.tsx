import Link from 'next/link';
import { Chip } from '#components/ui/chip.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { BACKTEST_RULES, type BacktestFiring, type BacktestNode, type BacktestRuleKey } from '#shared/backtest.ts';
import { formatCount, formatFigure } from '#shared/units/count.ts';
import { formatDay, formatDuration, formatHourMinute, formatInstant } from '#shared/units/time.ts';

const OUTCOMES = {
  right: { tone: 'ok', mark: 'ok', word: 'Right' },
  'false-alarm': { tone: 'warn', mark: 'warn', word: 'False alarm' },
  undecided: { tone: 'unknown', mark: 'unknown', word: 'Undecided' },
} as const satisfies Record<BacktestFiring['outcome'], object>;
const ROWS = 12;

/** Each time that the rule fired on a node: what it saw, and what hindsight says. */
export function FiringsTable({ node, rule }: { node: BacktestNode; rule: BacktestRuleKey }) {
  const { unit } = BACKTEST_RULES[rule].threshold;
  if (node.firings.length === 0) return <p className="help px-4 pb-3">The rule was silent on this node, though it leaked.</p>;
  return (
    <>
      <TableFrame label={`Firings on ${node.name}`} tight>
        <thead>
          <tr>
            <th scope="col">Fired, UTC</th>
            <th scope="col">For</th>
            <th scope="col">With hindsight</th>
            <th scope="col" className="num">
              Saw
            </th>
            <th scope="col" className="num">
              Open of limit
            </th>
            <th scope="col" className="num">
              Before the limit
            </th>
          </tr>
        </thead>
        <tbody>
          {node.firings.slice(0, ROWS).map((firing) => {
            const look = OUTCOMES[firing.outcome];
            const [from, to] = [Date.parse(firing.from), firing.to === null ? null : Date.parse(firing.to)];
            return (
              <tr key={firing.from}>
                <td title={formatInstant(from)}>
                  <Link
                    className="name"
                    href={`/nodes/${encodeURIComponent(node.nodeId)}?range=${around(from)}&at=${Math.round(from / 1000)}`}
                  >
                    {formatDay(from)} {formatHourMinute(from)}
                  </Link>
                </td>
                <td>{to === null ? 'still firing' : formatDuration((to - from) / 1000)}</td>
                <td>
                  <Chip tone={look.tone} mark={look.mark}>
                    {look.word}
                  </Chip>
                </td>
                <td className="num">{firing.value === null ? '–' : `${formatFigure(firing.value)} ${unit}`}</td>
                <td className="num">
                  {firing.openFds === null ? '–' : formatCount(firing.openFds)}
                  {firing.fdLimit === null ? '' : <span className="t3"> of {formatCount(firing.fdLimit)}</span>}
                </td>
                <td className="num">{firing.leadSeconds === null ? '–' : formatDuration(firing.leadSeconds)}</td>
              </tr>
            );
          })}
        </tbody>
      </TableFrame>
      {node.firings.length > ROWS ? (
        <p className="help px-4 py-2">{formatCount(node.firings.length - ROWS)} more are only on the chart.</p>
      ) : null}
    </>
  );
}

/** Half an hour on either side, as the node page's range. */
const around = (ms: number): string => `${Math.round(ms / 1000) - 1800}-${Math.round(ms / 1000) + 1800}`;
