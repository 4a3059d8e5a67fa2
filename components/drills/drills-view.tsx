'use client';
import { FlaskConical } from 'lucide-react';
import Link from 'next/link';
import { isOver, useDrills } from '#client/drills.ts';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { EmptyState, Way } from '#components/ui/empty-state.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { TableFrame } from '#components/ui/table.tsx';
import { DRILLS } from '#shared/drill-families.ts';
import type { Drill } from '#shared/drills.ts';
import { formatDuration } from '#shared/units/time.ts';
import { StartDrill } from './start-drill.tsx';

/** Can we handle it? Start one, see how the earlier ones went. */
export function DrillsView() {
  const drills = useDrills();
  if (drills.isPending)
    return (
      <Loading what="drills">
        <Skeleton height={240} />
      </Loading>
    );
  if (!drills.data) return <ErrorState error={drills.error} onRetry={() => void drills.refetch()} />;
  const { data } = drills;
  const current = data.drills.find((drill) => !isOver(drill));
  return (
    <div className="stack">
      <p>
        <Link className="lnk" href="/drills/replay">
          Watch a recorded incident at 20×
        </Link>
      </p>
      {current ? (
        <Callout tone="accent">
          <b>A drill is under way</b>, started by {current.startedBy} <Ago at={current.createdAt} />.{' '}
          <Link href={`/drills/${current.id}`}>Open it</Link>
        </Callout>
      ) : (
        <StartDrill eligible={data.eligible} why={data.why} />
      )}
      {data.drills.length === 0 ? (
        <EmptyState
          title="No drill yet"
          lead="A drill puts a fault on a node that allows it. You find it with the console, as you would in production."
        >
          <Way icon={<FlaskConical className="i" aria-hidden="true" />} title="What is scored">
            Time to see it, evidence kept before it is destroyed, the right action, no wrong moves, and whether your verdict was right.
          </Way>
        </EmptyState>
      ) : (
        <PastDrills drills={data.drills} />
      )}
    </div>
  );
}

function PastDrills({ drills }: { drills: readonly Drill[] }) {
  return (
    <Card title="Drills" meta={`the last ${drills.length}`} flush>
      <TableFrame label="Drills">
        <thead>
          <tr>
            <th scope="col">Started</th>
            <th scope="col">By</th>
            <th scope="col">State</th>
            <th scope="col" className="p3">
              It was
            </th>
            <th scope="col" className="num p2">
              First signal
            </th>
            <th scope="col" className="num p2">
              Acknowledged
            </th>
            <th scope="col" className="num">
              Score
            </th>
          </tr>
        </thead>
        <tbody>
          {drills.map((drill) => (
            <tr key={drill.id}>
              <td className="name">
                <Link href={`/drills/${drill.id}`}>
                  <Ago at={drill.createdAt} />
                </Link>
              </td>
              <td>{drill.startedBy}</td>
              <td>
                <DrillChip drill={drill} />
              </td>
              <td className="p3">
                {drill.reveal ? `${DRILLS[drill.reveal.family].choice}, on ${drill.reveal.nodeName}` : <span className="t3">hidden</span>}
              </td>
              <td className="num p2">{seconds(drill.score?.detectSeconds)}</td>
              <td className="num p2">{seconds(drill.score?.acknowledgeSeconds)}</td>
              <td className="num">{drill.score ? `${drill.score.total} of 100` : '–'}</td>
            </tr>
          ))}
        </tbody>
      </TableFrame>
    </Card>
  );
}

const seconds = (value: number | null | undefined) => (value === null || value === undefined ? '–' : formatDuration(value));

export function DrillChip({ drill }: { drill: Drill }) {
  switch (drill.status) {
    case 'starting':
      return <Chip mark="wait">Starting</Chip>;
    case 'running':
      return <Chip mark="run">Running</Chip>;
    case 'ending':
      return <Chip mark="wait">Being put right</Chip>;
    case 'failed':
      return <Chip mark="danger">No node took it</Chip>;
    case 'ended':
      return <Chip mark="ok">{drill.ended === 'time-over' ? 'Time ran out' : 'Ended'}</Chip>;
  }
}
