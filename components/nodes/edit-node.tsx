'use client';
import { useRouter } from 'next/navigation';
import { useNode, useUpdateNode } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { asProblem, ErrorState } from '#components/ui/error-state.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { draftOf } from './node-draft.ts';
import { NodeFields } from './node-fields.tsx';

/** Change how a node is called and reached. Its samples, runs and host key stay its own. */
export function EditNodeView({ id }: { id: string }) {
  const router = useRouter();
  const { data, error, refetch } = useNode(id);
  const session = useSession();
  const update = useUpdateNode(id);
  if (!data)
    return error ? (
      <ErrorState error={error} onRetry={() => void refetch()} />
    ) : (
      <Loading what="the node">
        <Card>
          <Skeleton height={320} />
        </Card>
      </Loading>
    );
  const { member, node } = data;
  const here = `/nodes/${encodeURIComponent(id)}`;
  if (session.data && !may(session.data, 'node.write'))
    return <Callout tone="unknown">Changing a node needs the admin role; you are {session.data.actor.role}.</Callout>;
  const conflict = update.error !== null && asProblem(update.error).code === 'request.precondition-failed';
  return (
    <>
      <div className="page-h">
        <div className="grow">
          <h1>Edit {member.name}</h1>
          <p className="sub">Nothing is changed on the host. Samples, runs and the audit stay with the node.</p>
        </div>
      </div>
      {node.activeRunId === null ? null : (
        <div className="mb-4">
          <Callout tone="warn">
            A run is changing this node now: where it is reached, its unit and its files can be changed when that has ended; its name and
            labels at any time.
          </Callout>
        </div>
      )}
      {conflict ? (
        <div className="mb-4">
          <Callout tone="warn" live>
            <b>Somebody changed this node meanwhile.</b> What you wrote is kept below.{' '}
            <Button
              small
              onClick={() => {
                update.reset();
                void refetch();
              }}
            >
              Go on from their version
            </Button>
          </Callout>
        </div>
      ) : null}
      <Card title="The node">
        <NodeFields
          first={draftOf(member)}
          busy={update.isPending}
          act={update.isPending ? 'Saving…' : 'Save'}
          note="A host whose address changed shows its key again: compare it."
          error={conflict ? null : update.error}
          onSubmit={(input) => update.mutate({ input, version: member.version }, { onSuccess: () => router.push(here) })}
        >
          <LinkButton href={here}>Cancel</LinkButton>
        </NodeFields>
      </Card>
    </>
  );
}
