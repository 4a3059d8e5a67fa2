'use client';
import { useParams, useRouter } from 'next/navigation';
import { Suspense } from 'react';
import { useIncident } from '#client/incidents.ts';
import { IncidentView } from '#components/incidents/incident-view.tsx';
import { Hydrated } from '#components/layout/hydrated.tsx';
import { Page } from '#components/layout/page.tsx';
import { CompareMatrix } from '#components/nodes/compare-matrix.tsx';
import { NodeCharts } from '#components/nodes/node-charts.tsx';
import { incidentName } from '#shared/incident-rules.ts';

export default function IncidentPage() {
  return (
    <Suspense>
      <Hydrated>
        <OneIncident />
      </Hydrated>
    </Suspense>
  );
}

function OneIncident() {
  const router = useRouter();
  const { id } = useParams<{ id: string }>();
  const { data } = useIncident(id);
  return (
    <Page crumbs={[{ label: 'Incidents', href: '/incidents' }, { label: data ? incidentName(data.number) : 'Incident' }]}>
      <IncidentView
        id={id}
        chart={(node) => <NodeCharts key={node.id} node={node} />}
        experiment={(nodes) => (
          <CompareMatrix nodes={nodes} onSelect={(names) => router.push(`/compare?q=${encodeURIComponent(`name=${names.join(',')}`)}`)} />
        )}
      />
    </Page>
  );
}
