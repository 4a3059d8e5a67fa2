import { Suspense } from 'react';
import { AuditView } from '#components/audit/audit-view.tsx';
import { Page } from '#components/layout/page.tsx';

export default function AuditPage() {
  return (
    <Page crumbs={[{ label: 'Audit' }]}>
      <Suspense>
        <AuditView />
      </Suspense>
    </Page>
  );
}
