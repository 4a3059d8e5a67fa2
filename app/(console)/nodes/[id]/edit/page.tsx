import { EditNodeView } from '#components/nodes/edit-node.tsx';
import { NodePage } from '../node-page.tsx';

export default async function EditNodeRoute({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <NodePage id={id}>
      <EditNodeView id={id} />
    </NodePage>
  );
}
