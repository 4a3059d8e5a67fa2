'use client';
import { FlaskConical, HardDriveDownload, Radio } from 'lucide-react';
import { useFleet } from '#client/nodes.ts';
import { Button } from '#components/ui/button.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import { formatClock, formatDuration } from '#shared/units/time.ts';
import type { Freshness } from './freshness.ts';
import { StoppedStrip } from './stop-all.tsx';

/** One line each, above every page, for what changes how everything below is to be read. */
export function Strips({ freshness }: { freshness: Freshness }) {
  const { data } = useFleet();
  const drilled = data?.nodes.filter((node) => node.drill !== null && node.drill !== '' && node.drill !== 'none') ?? [];
  return (
    <>
      {freshness.kind === 'lost' ? <Lost freshness={freshness} /> : null}
      {freshness.kind === 'stale' ? (
        <div className="strip" role="status">
          <Radio className="i s" aria-hidden="true" />
          <span>
            <b>No new numbers for {formatDuration(freshness.sinceSeconds)}.</b> The console answers, its collector does not. Numbers are as
            of {formatClock(freshness.asOfMs)}.
          </span>
        </div>
      ) : null}
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

function Lost({ freshness }: { freshness: Extract<Freshness, { kind: 'lost' }> }) {
  return (
    <div className="strip">
      <Radio className="i s" aria-hidden="true" />
      <span>
        <span role="status">
          <b>Live updates stopped.</b>
        </span>{' '}
        The console has not answered for {formatDuration(freshness.sinceSeconds)}; numbers are as of {formatClock(freshness.asOfMs)}. Runs
        go on without this page.{' '}
        {freshness.retryInSeconds > 0 ? `Trying again in ${Math.ceil(freshness.retryInSeconds)} s.` : 'Trying now.'}
      </span>
      <Button small onClick={freshness.retry}>
        Try now
      </Button>
    </div>
  );
}

function Drill({ nodes }: { nodes: readonly FleetNode[] }) {
  const named = nodes.slice(0, 3).map((node) => `${node.name} (${node.drill})`);
  return (
    <div className="strip drill" role="note">
      <FlaskConical className="i s" aria-hidden="true" />
      <span>
        <b>Fire drill on {plural(nodes.length, 'node')}:</b> {named.join(', ')}
        {nodes.length > 3 ? ` and ${nodes.length - 3} more` : ''}. The judgement does not know: it sees fds and connections only.
      </span>
    </div>
  );
}
