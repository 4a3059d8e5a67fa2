'use client';
import { useCallback, useEffect, useState } from 'react';
import { useCheckNode } from '#client/nodes.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';
import { KeyCard } from '../key-card.tsx';
import { Checks } from '../node-check.tsx';

/** What works between the console and each host, and the command that mends what does not. */
export function CheckStep({ nodes, onNext }: { nodes: readonly FleetNode[]; onNext: () => void }) {
  const [good, setGood] = useState<ReadonlySet<string>>(new Set());
  const told = useCallback((id: string, ok: boolean) => {
    setGood((before) => {
      if (before.has(id) === ok) return before;
      const after = new Set(before);
      if (ok) after.add(id);
      else after.delete(id);
      return after;
    });
  }, []);
  const open = nodes.filter(({ id }) => !good.has(id)).length;
  return (
    <div className="add-grid">
      <div className="stack">
        {nodes.map((node) => (
          <SelfTestCard key={node.id} node={node} onTold={told} />
        ))}
        <div className="form-foot">
          <Button look={open === 0 ? 'primary' : 'plain'} onClick={onNext}>
            {open === 0 ? 'Next: config' : 'Go on without'}
          </Button>
          <span className="t3" aria-live="polite">
            {open === 0 ? 'All that is needed works.' : `${plural(open, 'node')} not through the test.`}
          </span>
        </div>
      </div>
      <KeyCard />
    </div>
  );
}

function SelfTestCard({ node, onTold }: { node: FleetNode; onTold: (id: string, ok: boolean) => void }) {
  const { data, error, isPending, mutate } = useCheckNode(node.id);
  const { id } = node;
  const run = useCallback(() => mutate(undefined, { onSuccess: (test) => onTold(id, test.ok) }), [mutate, id, onTold]);
  useEffect(() => run(), [run]);
  return (
    <Card
      flush
      title={node.name}
      meta={isPending ? 'testing…' : data ? (data.ok ? 'all that is needed works' : 'something is missing') : null}
      end={
        <span className="row">
          {data && !data.ok ? (
            <LinkButton small look="ghost" href={`/nodes/${encodeURIComponent(id)}/edit`}>
              Edit {node.name}
            </LinkButton>
          ) : null}
          <Button small disabled={isPending} onClick={run} aria-label={`Test ${node.name} again`}>
            {isPending ? 'Asking…' : 'Test again'}
          </Button>
        </span>
      }
    >
      {data ? (
        <Checks test={data} />
      ) : error ? (
        <div className="p-4">
          <ProblemNote error={error} />
        </div>
      ) : (
        <Loading what={`the self-test of ${node.name}`}>
          <div className="grid gap-4 p-4">
            <Skeleton width="60%" />
            <Skeleton width="50%" />
          </div>
        </Loading>
      )}
    </Card>
  );
}
