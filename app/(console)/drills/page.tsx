import { DrillsView } from '#components/drills/drills-view.tsx';
import { Page, PageHead } from '#components/layout/page.tsx';
import '#components/drills/drills.css';

export default function DrillsPage() {
  return (
    <Page crumbs={[{ label: 'Drills' }]}>
      <PageHead
        title="Drills"
        sub="Rehearse before it is real: find a fault on a node that allows it. It is put right at the end, whatever happens."
      />
      <DrillsView />
    </Page>
  );
}
