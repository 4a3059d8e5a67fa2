import type { Metadata } from 'next';
import { AuditView } from '#components/audit/audit-view.tsx';
import { Page } from '#components/layout/page.tsx';

export const metadata: Metadata = { title: 'Audit' };

export default function AuditPage() {
  return (
    <Page crumbs={[{ label: 'Audit' }]}>
      <AuditView />
    </Page>
  );
}
