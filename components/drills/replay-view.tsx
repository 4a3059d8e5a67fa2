'use client';
import { Pause, Play } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useReplay } from '#client/drills.ts';
import { useUrlState } from '#client/url-state.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Kpi, KpiStrip } from '#components/ui/kpi.tsx';
import { Segmented } from '#components/ui/segmented.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { Replay } from '#shared/recordings.ts';
import { formatCount } from '#shared/units/count.ts';
import { formatClock, formatForecast } from '#shared/units/time.ts';
import { ReplayPlot } from './replay-plot.tsx';

const SPEEDS = ['20', '60', '200'] as const;
const FRAME_MS = 100;

/** A recorded incident with the clock at 20×: what the console would have said at each moment, with nothing later known. */
export function ReplayView() {
  const [node] = useUrlState('node');
  const [from] = useUrlState('from');
  const [to] = useUrlState('to');
  const replay = useReplay({ node, from, to });
  if (replay.isPending)
    return (
      <Loading what="the recording">
        <Skeleton height={420} />
      </Loading>
    );
  if (!replay.data) return <ErrorState error={replay.error} onRetry={() => void replay.refetch()} />;
  return <Player replay={replay.data} />;
}

function Player({ replay }: { replay: Replay }) {
  const [start, end] = [replay.at[0] ?? 0, replay.at.at(-1) ?? 0];
  const [clock, setClock] = useState(start);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<(typeof SPEEDS)[number]>('20');
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => setClock((now) => Math.min(end, now + (Number(speed) * FRAME_MS) / 1000)), FRAME_MS);
    return () => clearInterval(timer);
  }, [playing, speed, end]);
  const over = clock >= end;
  const said = replay.judged.findLast(({ at }) => at <= clock);
  const row = Math.max(
    0,
    replay.at.findLastIndex((at) => at <= clock),
  );
  const passed = replay.points.filter(({ at }) => at <= clock);
  return (
    <div className="stack">
      <Card title="Open fds" meta={replay.node}>
        <p className="mb-4">{replay.title}</p>
        <ReplayPlot replay={replay} clock={clock} />
        <div className="replay-bar">
          <Button
            look="primary"
            onClick={() => {
              if (over) setClock(start);
              setPlaying(over || !playing);
            }}
          >
            {playing && !over ? <Pause className="i s" aria-hidden="true" /> : <Play className="i s" aria-hidden="true" />}
            {playing && !over ? 'Pause' : over ? 'Again' : 'Play'}
          </Button>
          <input
            type="range"
            aria-label="Moment of the recording"
            aria-valuetext={formatClock(clock * 1000)}
            min={start}
            max={end}
            step={10}
            value={clock}
            onChange={(event) => setClock(Number(event.target.value))}
          />
          <span className="num replay-clock">{formatClock(clock * 1000)}</span>
          <Segmented
            label="Speed"
            value={speed}
            onChange={(value) => setSpeed(SPEEDS.find((one) => one === value) ?? '20')}
            options={SPEEDS.map((value) => ({ value, label: `${value}×` }))}
          />
        </div>
      </Card>
      <KpiStrip label="What the console says at this moment">
        <Kpi label="Verdict" value={<VerdictChip verdict={said?.verdict ?? 'cannot-tell'} />} detail={said?.missing ?? null} />
        <Kpi
          label="Open fds"
          value={figure(replay.openFds[row])}
          detail={`of ${figure(replay.fdLimit[row])}${replay.blind[row] ? ', counted over SSH' : ''}`}
        />
        <Kpi label="Slope" value={said?.perMinute ? said.perMinute.mid.toFixed(1) : '–'} unit={said?.perMinute ? 'fds/min' : undefined} />
        <Kpi label="Time to EMFILE" value={said?.timeToEmfileSeconds ? formatForecast(said.timeToEmfileSeconds.mid) : 'no end in sight'} />
      </KpiStrip>
      <Card title="Moments" meta={`${passed.length} of ${replay.points.length}`}>
        <ol className="stack" aria-live="polite">
          {replay.points.map((point) => (
            <li key={`${point.at} ${point.text}`} className={point.at <= clock ? 'replay-moment' : 'replay-moment t3'}>
              <Button small look="ghost" onClick={() => setClock(point.at)}>
                <span className="num">{formatClock(point.at * 1000)}</span>
              </Button>
              <span>{point.text}</span>
            </li>
          ))}
        </ol>
      </Card>
    </div>
  );
}

const figure = (value: number | null | undefined) => (value == null ? '–' : formatCount(value));

function VerdictChip({ verdict }: { verdict: Replay['judged'][number]['verdict'] }) {
  if (verdict === 'leaking') return <Chip mark="danger">Leaking</Chip>;
  return verdict === 'not-leaking' ? <Chip mark="ok">Not leaking</Chip> : <Chip mark="unknown">Cannot tell</Chip>;
}
