import type { Metadata } from 'next';
import { Suspense } from 'react';
import { IncidentListView } from '#components/incidents/incident-list.tsx';
import { Page, PageHead } from '#components/layout/page.tsx';

export const metadata: Metadata = { title: 'Incidents' };

export default function IncidentsPage() {
  return (
    <Page crumbs={[{ label: 'Incidents' }]}>
      <PageHead title="Incidents" sub="What is going on, who does what, and what closes it." />
      <Suspense>
        <IncidentListView />
      </Suspense>
    </Page>
  );
}
