import { OpenIncidentsLate } from '#components/incidents/open-strip-late.tsx';
import { NodeView } from '#components/nodes/node-view.tsx';
import { NodePage } from './node-page.tsx';

export default async function NodeRoute({ params }: { params: Promise<{ id: string }> }) {
  const id = decodeURIComponent((await params).id);
  return (
    <NodePage id={id}>
      <OpenIncidentsLate nodeId={id} />
      <NodeView id={id} />
    </NodePage>
  );
}
