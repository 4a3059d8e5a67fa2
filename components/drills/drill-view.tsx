'use client';
import Link from 'next/link';
import { isOver, useDrill, useDrillAct } from '#client/drills.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { Kpi, KpiStrip } from '#components/ui/kpi.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { Ago, useNow } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { Drill } from '#shared/drills.ts';
import { formatDuration, formatInstant } from '#shared/units/time.ts';
import { DrillVerdict } from './drill-verdict.tsx';
import { DrillChip } from './drills-view.tsx';
import { Reveal, ScoreCard } from './reveal.tsx';

/** One drill: what it costs in time, what was done, the verdict; and once it is over what it was. */
export function DrillView({ id }: { id: string }) {
  const drill = useDrill(id);
  const act = useDrillAct(id);
  const session = useSession();
  if (drill.isPending)
    return (
      <Loading what="the drill">
        <Skeleton height={320} />
      </Loading>
    );
  if (!drill.data) return <ErrorState error={drill.error} onRetry={() => void drill.refetch()} />;
  const { data } = drill;
  const allowed = may(session.data, 'drill.write');
  const problem = act.isError ? asProblem(act.error) : null;
  const running = data.status === 'running';
  return (
    <div className="stack">
      <div className="row wrap">
        <DrillChip drill={data} />
        <span className="t3">
          started by {data.startedBy} <Ago at={data.createdAt} />
        </span>
        <span className="push row">
          {running ? (
            <>
              <Button disabled={!allowed || data.acknowledged !== null || act.isPending} onClick={() => act.mutate('acknowledge')}>
                I see it
              </Button>
              <Button disabled={!allowed || data.hintsLeft === 0 || act.isPending} onClick={() => act.mutate('hint')}>
                Hint, −5 points
              </Button>
            </>
          ) : null}
          {running || data.status === 'starting' ? (
            <Button look="danger" disabled={!allowed || act.isPending} onClick={() => act.mutate('stop')}>
              End the drill
            </Button>
          ) : null}
        </span>
      </div>
      {problem ? (
        <Callout tone="danger" live>
          <b>{problem.title}.</b> {problem.detail}
        </Callout>
      ) : null}
      {data.status === 'failed' ? <Callout tone="danger">No node took it: {data.why}</Callout> : null}
      {data.status === 'starting' && data.why ? <Callout tone="warn">{data.why} Another node is asked.</Callout> : null}
      <DrillKpis drill={data} />
      {data.score ? <ScoreCard score={data.score} /> : null}
      {data.reveal ? <Reveal drill={data} reveal={data.reveal} /> : null}
      {running ? (
        <DrillVerdict key={data.id} drill={data} allowed={allowed} pending={act.isPending} onAnswer={(answer) => act.mutate(answer)} />
      ) : null}
      {data.hints.length > 0 ? (
        <Card title="Hints">
          <ol className="stack" aria-live="polite">
            {data.hints.map((hint) => (
              <li key={hint.rung}>
                <b>{hint.rung}.</b> {hint.text}
              </li>
            ))}
          </ol>
        </Card>
      ) : null}
      <Moves drill={data} />
    </div>
  );
}

function DrillKpis({ drill }: { drill: Drill }) {
  const now = useNow();
  const from = drill.startedAt === null ? null : Date.parse(drill.startedAt);
  const since = (at: string | null) => (at === null || from === null ? '–' : formatDuration(Math.max(0, (Date.parse(at) - from) / 1000)));
  const elapsed = from === null ? '–' : formatDuration(Math.max(0, ((drill.endedAt ? Date.parse(drill.endedAt) : now) - from) / 1000));
  const left = drill.endsAt === null ? null : Math.max(0, (Date.parse(drill.endsAt) - now) / 1000);
  return (
    <KpiStrip label="The drill in figures">
      <Kpi label="Time" value={elapsed} detail={isOver(drill) || left === null ? null : `ends by itself in ${formatDuration(left)}`} />
      <Kpi
        label="First signal"
        value={since(drill.detectedAt)}
        detail={drill.detectedAt === null ? 'the console has said nothing yet' : 'after the start'}
      />
      <Kpi label="Acknowledged" value={since(drill.acknowledged?.at ?? null)} detail={drill.acknowledged?.by ?? 'by nobody yet'} />
      <Kpi
        label="Nodes in play"
        value={drill.inPlay.length}
        detail={
          <Link className="lnk" href="/">
            Open the fleet
          </Link>
        }
      />
    </KpiStrip>
  );
}

function Moves({ drill }: { drill: Drill }) {
  if (drill.startedAt === null) return null;
  return (
    <Card title="Moves" meta={isOver(drill) ? null : 'whether they were right is told at the end'}>
      {drill.moves.length === 0 ? (
        <p className="t3">Nothing was done to any node yet: looking at pages is free.</p>
      ) : (
        <ol className="stack">
          {drill.moves.map((move) => (
            <li key={`${move.at} ${move.what} ${move.nodes.join()}`} className="row wrap">
              <Mark kind={move.wrong ? 'danger' : isOver(drill) ? 'ok' : 'unknown'} label={move.wrong ? 'wrong' : 'move'} />
              <span className="num t3" title={formatInstant(Date.parse(move.at))}>
                {formatDuration(Math.max(0, (Date.parse(move.at) - Date.parse(drill.startedAt ?? move.at)) / 1000))}
              </span>
              {move.href ? <Link href={move.href}>{move.what}</Link> : move.what} <span>{move.nodes.join(', ')}</span>
              <span className="t3">{move.by}</span>
              {move.wrong ? <span className="fg-danger">{move.wrong}</span> : null}
            </li>
          ))}
        </ol>
      )}
    </Card>
  );
}
