import type { Metadata } from 'next';
import { Page } from '#components/layout/page.tsx';
import { AddNodeView } from '#components/nodes/add-node.tsx';

export const metadata: Metadata = { title: 'Add node' };

export default function AddNodePage() {
  return (
    <Page crumbs={[{ label: 'Fleet', href: '/' }, { label: 'Add node' }]}>
      <AddNodeView />
    </Page>
  );
}
