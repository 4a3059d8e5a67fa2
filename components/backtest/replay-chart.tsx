'use client';
import dynamic from 'next/dynamic';
import { useMemo, useState } from 'react';
import { useCompared } from '#client/compare.ts';
import type { Annotations } from '#components/charts/annotations.ts';
import { createCursor } from '#components/charts/cursor.ts';
import { consoleNow } from '#components/ui/now.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import type { BacktestFiring, BacktestNode } from '#shared/backtest.ts';
import { formatCount } from '#shared/units/count.ts';

const HEIGHT = 180;
/** The chart library is fetched when a chart is shown, not with the page. */
const TimeSeries = dynamic(() => import('#components/charts/time-series.tsx').then((chart) => chart.TimeSeries), {
  ssr: false,
  loading: () => <Skeleton height={HEIGHT} />,
});

const seconds = (instant: string): number => Date.parse(instant) / 1000;
const TONES = { right: 'danger', 'false-alarm': 'warn', undecided: 'unknown' } as const satisfies Record<BacktestFiring['outcome'], string>;

/** Open fds of the node with each firing as a tinted stretch, each restart, and when it was full. */
export function ReplayChart({ node, fromMs, toMs }: { node: BacktestNode; fromMs: number; toMs: number }) {
  const [window, setWindow] = useState({ from: fromMs / 1000, to: toMs / 1000 });
  const nodes = useMemo(() => [{ id: node.nodeId, name: node.name }], [node.nodeId, node.name]);
  const { answers } = useCompared(nodes, { kind: 'fixed', fromMs, toMs }, 'openFds', consoleNow);
  const [cursor] = useState(() => createCursor(`backtest-${node.nodeId}`));
  const answer = answers[0]?.answer;
  const end = toMs / 1000;
  const spans = useMemo(
    () => node.firings.map(({ from, to, outcome }) => ({ from: seconds(from), to: to === null ? end : seconds(to), tone: TONES[outcome] })),
    [node.firings, end],
  );
  const annotations = useMemo<Annotations>(
    () => ({
      starts: node.lives.flatMap(({ processStart }) => (processStart ? [seconds(processStart)] : [])).sort((a, b) => a - b),
      ...{ blind: [], runs: [], configs: [], drills: [] },
      incidents: node.lives.flatMap(({ truth, emfileAt }) =>
        truth === 'emfile' && emfileAt ? [{ id: emfileAt, title: 'EMFILE', from: seconds(emfileAt), to: seconds(emfileAt) }] : [],
      ),
    }),
    [node.lives],
  );
  if (!answer) return <Skeleton height={HEIGHT} />;
  return (
    <TimeSeries
      title="Open fds"
      unit="fds"
      height={HEIGHT}
      format={formatCount}
      times={answer.times}
      series={[{ key: 'open', label: 'open fds', color: 6, values: answer.series.openFds ?? [] }]}
      note="tinted: the rule fires. Solid line: a process started. Dashed: it was full."
      {...{ annotations, spans, window, cursor }}
      pin={null}
      onPin={() => undefined}
      onZoom={(from, to) => setWindow({ from, to })}
      onZoomReset={() => setWindow({ from: fromMs / 1000, to: toMs / 1000 })}
    />
  );
}
