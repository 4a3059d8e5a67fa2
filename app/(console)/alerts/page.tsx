import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Page, PageHead } from '#components/layout/page.tsx';
import { AlertsView } from '#components/notify/alerts-view.tsx';

export const metadata: Metadata = { title: 'Alerts' };

export default function AlertsPage() {
  return (
    <Page crumbs={[{ label: 'Alerts' }]}>
      <PageHead title="Alerts" sub="What is watched, who is told, and what is held back." />
      <Suspense>
        <AlertsView />
      </Suspense>
    </Page>
  );
}
