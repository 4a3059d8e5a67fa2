'use client';
import { useAddNode } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlState } from '#client/url-state.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { KeyCard } from './key-card.tsx';
import { NodeCheck } from './node-check.tsx';
import { EMPTY_NODE } from './node-draft.ts';
import { NodeFields } from './node-fields.tsx';

/** Register, compare the host key, see what is missing. With ?node= it starts at the second step, for a node that exists. */
export function AddNodeView() {
  const [nodeId, setNodeId] = useUrlState('node');
  const session = useSession();
  if (session.data && !may(session.data, 'node.write'))
    return (
      <Callout tone="unknown">
        Adding a node needs the admin role; you are {session.data.actor.role}. The console dials only what an admin registered.
      </Callout>
    );
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>{nodeId === null ? 'Add a node' : 'Approve and check'}</h1>
          <p className="sub">
            {nodeId === null
              ? 'Nothing is changed on the host. The console reads /proc, config.yaml and the metrics page.'
              : 'Nothing is sent to the host before its key is approved.'}
          </p>
        </div>
        {nodeId === null ? (
          <div className="actions">
            <LinkButton href="/welcome">Several at once</LinkButton>
            <LinkButton href="/nodes/import">Import a list</LinkButton>
          </div>
        ) : null}
      </div>
      <div className="add-grid">
        {nodeId === null ? <NodeForm onAdded={setNodeId} /> : <NodeCheck id={nodeId} />}
        <KeyCard />
      </div>
    </>
  );
}

function NodeForm({ onAdded }: { onAdded: (id: string) => void }) {
  const add = useAddNode();
  return (
    <Card title="The node">
      <NodeFields
        first={EMPTY_NODE}
        busy={add.isPending}
        act={add.isPending ? 'Adding…' : 'Add node'}
        note="Next: compare its host key."
        error={add.error}
        onSubmit={(input) => add.mutate(input, { onSuccess: ({ id }) => onAdded(id) })}
      />
    </Card>
  );
}
