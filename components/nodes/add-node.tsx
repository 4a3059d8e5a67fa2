'use client';
import { useAddNode, useSshKey } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { useUrlState } from '#client/url-state.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { CodeBlock } from '#components/ui/code-block.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
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

function KeyCard() {
  const { data } = useSshKey();
  return (
    <Card title="On the host, once">
      <ol className="steps-list">
        <li>
          <span>
            An account that may read <code>/proc</code> of the proxy and restart its unit: root, or one with <code>sudo -n</code>.
          </span>
        </li>
        <li>
          <div className="grid gap-2">
            <span>
              This console’s key in its <code>authorized_keys</code>:
            </span>
            {data ? <CodeBlock label="public key" text={data.publicKey.trim()} /> : <Skeleton height={34} />}
          </div>
        </li>
        <li>
          <div className="grid gap-2">
            <span>The fingerprint to compare, on the host’s own console:</span>
            <CodeBlock label="command" text="ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" />
          </div>
        </li>
      </ol>
    </Card>
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
