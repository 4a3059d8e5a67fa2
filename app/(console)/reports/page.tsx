import { Suspense } from 'react';
import { Page, PageHead } from '#components/layout/page.tsx';
import { ReportView } from '#components/reports/report-view.tsx';
import '#components/reports/reports.css';

export default function ReportsPage() {
  return (
    <Page crumbs={[{ label: 'Reports' }]}>
      <PageHead
        title="Fleet report"
        sub="What the week was, from what is stored: headroom, leaks, incidents, changes, and what to do next."
      />
      <Suspense>
        <ReportView />
      </Suspense>
    </Page>
  );
}
