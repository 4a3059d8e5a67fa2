import { Page } from '#components/layout/page.tsx';
import { AddNodeView } from '#components/nodes/add-node.tsx';

export default function AddNodePage() {
  return (
    <Page crumbs={[{ label: 'Fleet', href: '/' }, { label: 'Add node' }]}>
      <AddNodeView />
    </Page>
  );
}
