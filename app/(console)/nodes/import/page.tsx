import { Page } from '#components/layout/page.tsx';
import { ImportView } from '#components/nodes/import-view.tsx';

export default function ImportNodesPage() {
  return (
    <Page crumbs={[{ label: 'Fleet', href: '/' }, { label: 'Add node', href: '/nodes/new' }, { label: 'Import' }]}>
      <ImportView />
    </Page>
  );
}
