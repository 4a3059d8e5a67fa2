'use client';
import { CircleCheck, CircleQuestionMark, Download, OctagonX, TriangleAlert } from 'lucide-react';
import Link from 'next/link';
import { type ReactNode, useState } from 'react';
import { postmortemUrl, useIncident } from '#client/incidents.ts';
import { useFleet } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlState } from '#client/url-state.ts';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Age, Ago } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { incidentName } from '#shared/incident-rules.ts';
import type { Incident } from '#shared/incidents.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import { Actions } from './actions.tsx';
import { AffectedNodes } from './affected-nodes.tsx';
import { Closing } from './closing.tsx';
import { Kept } from './kept.tsx';
import { Lanes } from './lanes.tsx';
import { NextStep } from './next-step.tsx';
import { Timeline } from './timeline.tsx';
import { SEVERITY_LOOK, STATUS_LOOK } from './words.ts';

/** What is going on, who does what? `chart` and `experiment` are drawn by the page: they are parts of nodes. */
export function IncidentView({
  id,
  chart,
  experiment,
}: {
  id: string;
  chart: (node: FleetNode) => ReactNode;
  experiment: (nodes: readonly FleetNode[]) => ReactNode;
}) {
  const { data: incident, error, refetch } = useIncident(id);
  const fleet = useFleet();
  const session = useSession();
  const [nodeId, setNodeId] = useUrlState('node');
  const [buying, setBuying] = useState(false);
  if (!incident) return error ? <ErrorState error={error} onRetry={() => void refetch()} /> : <IncidentSkeleton />;
  const mayWrite = may(session.data, 'incident.write');
  const mayRun = may(session.data, 'run.start');
  const ids = new Set(incident.nodes.map((node) => node.nodeId));
  const nodes = byUrgency((fleet.data?.nodes ?? []).filter((node) => ids.has(node.id)));
  const shown = nodes.find((node) => node.id === nodeId) ?? nodes[0];
  return (
    <>
      <Head incident={incident} mayWrite={mayWrite} />
      {incident.mergedInto ? (
        <Callout tone="accent">
          This incident was merged: <Link href={`/incidents/${incident.mergedInto}`}>go on there</Link>.
        </Callout>
      ) : null}
      <div className="inc-lay">
        <div className="stack">
          <WhatWeKnow known={incident.known} />
          <AffectedNodes incident={incident} nodes={nodes} shown={shown?.id ?? null} onShow={setNodeId} />
          {shown ? (
            <Card
              flush
              title={`Open fds of ${shown.name}`}
              meta={nodes.length > 1 ? 'choose another node above' : undefined}
              className="inc-chart"
            >
              {chart(shown)}
            </Card>
          ) : null}
          <Lanes incident={incident} />
          {fleet.data && (incident.cause === 'fd-leak' || incident.cause === 'fd-pressure' || incident.cause === 'by-hand')
            ? experiment(fleet.data.nodes)
            : null}
        </div>
        <div className="stack inc-side">
          <NextStep incident={incident} mayRun={mayRun} mayWrite={mayWrite} buying={buying} onBuying={setBuying} />
          <Closing incident={incident} />
          <Kept incident={incident} />
          <Timeline incident={incident} mayWrite={mayWrite} />
        </div>
      </div>
    </>
  );
}

const byUrgency = (nodes: readonly FleetNode[]): FleetNode[] =>
  [...nodes].sort(
    (a, b) =>
      (a.timeToEmfileSeconds?.low ?? Number.POSITIVE_INFINITY) - (b.timeToEmfileSeconds?.low ?? Number.POSITIVE_INFINITY) ||
      a.name.localeCompare(b.name),
  );

function Head({ incident, mayWrite }: { incident: Incident; mayWrite: boolean }) {
  const severity = SEVERITY_LOOK[incident.severity];
  const status = STATUS_LOOK[incident.status];
  return (
    <div className="page-h">
      <div className="grow">
        <div className="row wrap">
          <h1>{incident.title}</h1>
          <Chip tone={severity.tone} mark={severity.mark}>
            {severity.word}
          </Chip>
          <Chip tone={status.tone} mark={status.mark}>
            {status.word}
          </Chip>
        </div>
        <p className="sub">
          {incidentName(incident.number)}, opened by {incident.declaredBy} <Ago at={incident.openedAt} />
          {incident.closedAt === null ? (
            <>
              , open <Age since={incident.openedAt} />
            </>
          ) : (
            <>
              , closed by {incident.closed?.by} <Ago at={incident.closedAt} />: {incident.closed?.reason}
            </>
          )}
          , {plural(incident.signals.length, 'signal')}
          {incident.reopened > 0 ? `, reopened ${incident.reopened === 1 ? 'once' : `${incident.reopened} times`}` : ''},{' '}
          {incident.owner === null ? 'nobody owns it' : `owned by ${incident.owner}`}
        </p>
      </div>
      <div className="actions">
        <a
          className="btn"
          href={postmortemUrl(incident.id)}
          download
          title="Downloads a Markdown file with charts, as far as it is known now"
        >
          <Download className="i s" aria-hidden="true" />
          Postmortem
          <span className="t3">.md</span>
        </a>
        {mayWrite ? <Actions incident={incident} /> : null}
      </div>
    </div>
  );
}

const ICONS = { ok: CircleCheck, danger: OctagonX, warn: TriangleAlert, unknown: CircleQuestionMark } as const;

function WhatWeKnow({ known }: { known: Incident['known'] }) {
  if (known.length === 0) return null;
  return (
    <Card flush title="What we know" meta="each line opens its evidence">
      <ul className="inc-facts">
        {known.map(({ tone, text, href, link }) => {
          const Icon = ICONS[tone];
          return (
            <li key={text}>
              <Icon className={`i fg-${tone}`} aria-hidden="true" />
              <p>{text}</p>
              <Link className="lnk" href={href}>
                {link}
              </Link>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

const IncidentSkeleton = () => (
  <Loading what="the incident">
    <div className="inc-lay">
      <div className="card p-4">
        <Skeleton height={420} />
      </div>
      <div className="card p-4">
        <Skeleton height={300} />
      </div>
    </div>
  </Loading>
);
