import { Suspense } from 'react';
import { Page, PageHead } from '#components/layout/page.tsx';
import { CompareView } from '#components/nodes/compare-view.tsx';

export default function ComparePage() {
  return (
    <Page crumbs={[{ label: 'Fleet', href: '/' }, { label: 'Compare' }]}>
      <PageHead title="Compare" sub="Which nodes differ, and in what? By the clock, or at the same process age." />
      <Suspense>
        <CompareView />
      </Suspense>
    </Page>
  );
}
