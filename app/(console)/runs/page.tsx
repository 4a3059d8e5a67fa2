import { Page, PageHead } from '#components/layout/page.tsx';
import { RunList } from '#components/runs/run-list.tsx';

export default function RunsPage() {
  return (
    <Page crumbs={[{ label: 'Runs' }]}>
      <PageHead title="Runs" sub="What was done on the fleet, and what it proved." />
      <RunList />
    </Page>
  );
}
