import { Suspense } from 'react';
import { ReplayView } from '#components/drills/replay-view.tsx';
import { Page, PageHead } from '#components/layout/page.tsx';
import '#components/drills/drills.css';

export default function ReplayPage() {
  return (
    <Page crumbs={[{ label: 'Drills', href: '/drills' }, { label: 'Replay' }]}>
      <PageHead
        title="Replay"
        sub="A recorded incident through the judgement of today: what it would have said at each moment, with nothing later known."
      />
      <Suspense>
        <ReplayView />
      </Suspense>
    </Page>
  );
}
