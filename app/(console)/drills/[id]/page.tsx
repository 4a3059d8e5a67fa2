import { DrillView } from '#components/drills/drill-view.tsx';
import { Page, PageHead } from '#components/layout/page.tsx';
import '#components/drills/drills.css';

export default async function DrillPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  return (
    <Page crumbs={[{ label: 'Drills', href: '/drills' }, { label: `Drill ${id.slice(-5).toUpperCase()}` }]}>
      <PageHead
        title="Drill"
        sub="One node has a fault. Find it with the console, handle it as you would in production, then say which and what."
      />
      <DrillView id={id} />
    </Page>
  );
}
