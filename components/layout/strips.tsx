'use client';
import { FlaskConical, HardDriveDownload } from 'lucide-react';
import Link from 'next/link';
import { Fragment, useSyncExternalStore } from 'react';
import { useFleet } from '#client/nodes.ts';
import { LostStrip, StaleStrip } from '#components/ui/strip.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import type { Freshness } from './freshness.ts';
import { StoppedStrip } from './stop-all.tsx';

/** One line each, above every page, for what changes how everything below is to be read. */
export function Strips({ freshness }: { freshness: Freshness }) {
  const { data } = useFleet();
  const drilled = data?.nodes.filter((node) => node.drill !== null && node.drill !== '' && node.drill !== 'none') ?? [];
  return (
    <>
      {freshness.kind === 'lost' ? <LostHere {...freshness} /> : null}
      {freshness.kind === 'stale' ? <StaleStrip {...freshness} /> : null}
      {data?.problem ? (
        <div className="strip lost" role="status">
          <HardDriveDownload className="i s" aria-hidden="true" />
          <span>
            <b>Samples are not stored.</b> {data.problem}
          </span>
        </div>
      ) : null}
      <StoppedStrip />
      {drilled.length > 0 ? <Drill nodes={drilled} /> : null}
    </>
  );
}

const LostHere = (lost: Omit<Extract<Freshness, { kind: 'lost' }>, 'kind'>) => <LostStrip {...lost} offline={useOffline()} />;

const onNetwork = (changed: () => void) => {
  const events = ['online', 'offline'];
  for (const event of events) window.addEventListener(event, changed);
  return () => {
    for (const event of events) window.removeEventListener(event, changed);
  };
};
/** What the browser says; that it is online does not mean that the console is reached. */
const useOffline = () =>
  useSyncExternalStore(
    onNetwork,
    () => !navigator.onLine,
    () => false,
  );

function Drill({ nodes }: { nodes: readonly FleetNode[] }) {
  return (
    <div className="strip drill" role="note">
      <FlaskConical className="i s" aria-hidden="true" />
      <span>
        <b>Fire drill on {plural(nodes.length, 'node')}:</b>{' '}
        {nodes.slice(0, 3).map((node, i) => (
          <Fragment key={node.id}>
            {i > 0 ? ', ' : null}
            <Link href={`/nodes/${encodeURIComponent(node.id)}`}>{node.name}</Link> ({node.drill})
          </Fragment>
        ))}
        {nodes.length > 3 ? ` and ${nodes.length - 3} more` : ''}. Made on purpose; the judgement is not told.{' '}
        <Link href="/help/drills">What a drill is</Link>
      </span>
    </div>
  );
}
