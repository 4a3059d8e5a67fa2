'use client';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Kpi, KpiStrip } from '#components/ui/kpi.tsx';
import type { BacktestAnswer, BacktestNode } from '#shared/backtest.ts';
import { formatCount, formatFigure, plural } from '#shared/units/count.ts';
import { formatDuration, splitDuration } from '#shared/units/time.ts';
import { FiringsTable } from './firings-table.tsx';
import { ReplayChart } from './replay-chart.tsx';

/** Charts drawn before somebody asks for more: each reads a node's series. */
const FIRST_CHARTS = 4;

/** Would have fired N times, so much earlier, with so many false alarms; each on its node's chart. */
export function BacktestResult({ answer }: { answer: BacktestAnswer }) {
  const { summary } = answer;
  const [shown, setShown] = useState(FIRST_CHARTS);
  const told = answer.nodes.filter(
    (node) => node.firings.length > 0 || node.lives.some(({ truth }) => truth === 'emfile' || truth === 'leaked'),
  );
  return (
    <div className="stack">
      <Card title="It would have" meta={`${plural(summary.nodes, 'node')}, ${formatFigure(summary.nodeDays)} node-days of samples`}>
        <p className="t1 bt-say" role="status">
          {summary.sentence.charAt(0).toUpperCase() + summary.sentence.slice(1)}.
        </p>
      </Card>
      {answer.cut ? (
        <Callout tone="warn">
          Not all nodes were replayed: the first by name, as far as time allowed. Narrow the selector or the range for the others.
        </Callout>
      ) : null}
      <Figures answer={answer} />
      {told.slice(0, shown).map((node) => (
        <ReplayCard key={node.nodeId} node={node} answer={answer} />
      ))}
      {told.length > shown ? (
        <div>
          <Button onClick={() => setShown((before) => before + FIRST_CHARTS)}>Draw more: {plural(told.length - shown, 'node')} left</Button>
        </div>
      ) : null}
      {told.length === 0 ? (
        <Callout>No life of these nodes leaked or was full in this range, and the rule was silent on all.</Callout>
      ) : null}
    </div>
  );
}

function Figures({ answer: { summary } }: { answer: BacktestAnswer }) {
  const lead = summary.medianLeadSeconds === null ? null : splitDuration(summary.medianLeadSeconds);
  return (
    <KpiStrip label="What the rule would have done">
      <Kpi
        label="Fired"
        value={formatCount(summary.firings)}
        unit={summary.firings === 1 ? 'time' : 'times'}
        detail={`${formatCount(summary.right)} right`}
      />
      <Kpi
        label="EMFILE announced"
        mark={summary.emfilesWarned < summary.emfiles ? 'danger' : 'ok'}
        tone={summary.emfilesWarned < summary.emfiles ? 'danger' : undefined}
        value={`${formatCount(summary.emfilesWarned)} of ${formatCount(summary.emfiles)}`}
        detail={summary.emfiles === 0 ? 'none happened' : 'lives that were full'}
      />
      <Kpi
        label="Earlier by, median"
        value={lead?.figure ?? '–'}
        unit={lead?.unit}
        detail={lead ? 'before the limit' : 'nothing announced'}
      />
      <Kpi
        label="Leaks caught"
        mark={summary.leaksCaught < summary.leaks ? 'warn' : 'ok'}
        value={`${formatCount(summary.leaksCaught)} of ${formatCount(summary.leaks)}`}
        detail="with hindsight"
      />
      <Kpi
        label="False alarms"
        mark={summary.falseAlarms > 0 ? 'warn' : 'ok'}
        tone={summary.falseAlarms > 0 ? 'warn' : undefined}
        value={formatCount(summary.falseAlarms)}
        detail={summary.falseAlarmsPerNodeDay === null ? 'no samples' : `${formatFigure(summary.falseAlarmsPerNodeDay)} per node-day`}
      />
      <Kpi label="Undecided" value={formatCount(summary.undecided)} detail="hindsight cannot tell" />
    </KpiStrip>
  );
}

function ReplayCard({ node, answer }: { node: BacktestNode; answer: BacktestAnswer }) {
  const wrong = node.firings.filter(({ outcome }) => outcome === 'false-alarm').length;
  const best = Math.max(0, ...node.firings.map(({ leadSeconds }) => leadSeconds ?? 0));
  return (
    <Card
      flush
      title={node.name}
      meta={[
        node.firings.length === 0 ? 'silent' : `fired ${plural(node.firings.length, 'time')}`,
        ...(best > 0 ? [`${formatDuration(best)} before the limit`] : []),
        ...(wrong > 0 ? [plural(wrong, 'false alarm')] : []),
        node.stepSeconds > 5 ? `replayed every ${formatDuration(node.stepSeconds)}` : 'every sample replayed',
      ].join(', ')}
    >
      <ReplayChart node={node} fromMs={Date.parse(answer.from)} toMs={Date.parse(answer.to)} />
      <FiringsTable node={node} rule={answer.rule.key} />
    </Card>
  );
}
