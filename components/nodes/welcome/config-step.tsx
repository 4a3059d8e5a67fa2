'use client';
import { useAdoptConfig, useNodeConfig } from '#client/nodes.ts';
import { Button } from '#components/ui/button.tsx';
import { Card } from '#components/ui/card.tsx';
import { Chip } from '#components/ui/chip.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Mark } from '#components/ui/mark.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import type { FleetNode } from '#shared/nodes.ts';
import { plural } from '#shared/units/count.ts';

/** The file that lies on each host becomes what was agreed, with what is worth saying about it first. */
export function ConfigStep({ nodes, onNext }: { nodes: readonly FleetNode[]; onNext: () => void }) {
  return (
    <div className="stack">
      <p>
        What lies on the node now becomes the config that is known. A file that differs from it later is shown as drift, with who may have
        changed it.
      </p>
      {nodes.map((node) => (
        <NodeConfigCard key={node.id} node={node} />
      ))}
      <div className="form-foot">
        <Button look="primary" onClick={onNext}>
          Next: done
        </Button>
      </div>
    </div>
  );
}

function NodeConfigCard({ node }: { node: FleetNode }) {
  const { data, error, refetch } = useNodeConfig(node.id);
  const adopt = useAdoptConfig(node.id);
  if (!data)
    return (
      <Card title={node.name}>
        {error ? (
          <ErrorState error={error} onRetry={() => void refetch()} />
        ) : (
          <Loading what={`config.yaml of ${node.name}`}>
            <Skeleton width="60%" />
          </Loading>
        )}
      </Card>
    );
  const { findings } = data;
  return (
    <Card
      title={node.name}
      meta={<code>{data.path}</code>}
      end={
        adopt.isSuccess ? (
          <Chip tone="ok" mark="ok">
            Adopted
          </Chip>
        ) : data.drift ? (
          <Chip tone="warn" mark="drift">
            Not what was agreed
          </Chip>
        ) : (
          <Chip mark="ok">No drift</Chip>
        )
      }
    >
      <div className="grid gap-3">
        <p className="t3">
          sha256 <code title={data.sha256}>{data.sha256.slice(0, 12)}</code> · connection pool{' '}
          {data.poolEnabled === null ? 'not told' : data.poolEnabled ? 'on' : 'off'} ·{' '}
          {findings.length === 0 ? 'nothing to say about it' : plural(findings.length, 'finding')}
        </p>
        {findings.length > 0 ? (
          <ul className="findings" aria-label={`Findings in config.yaml of ${node.name}`}>
            {findings.map(({ severity, message, line }) => (
              <li key={`${line}-${message}`}>
                <Mark kind={severity === 'error' ? 'danger' : severity === 'warning' ? 'warn' : 'wait'} label={severity} />
                <span>{message}</span>
                {line === null ? null : <span className="t3 nw">line {line}</span>}
              </li>
            ))}
          </ul>
        ) : null}
        <details className="more">
          <summary>The file</summary>
          <pre className="code">{data.text}</pre>
        </details>
        <ProblemNote error={adopt.error} />
        <div className="form-foot">
          <Button
            disabled={adopt.isPending || adopt.isSuccess}
            onClick={() => adopt.mutate(data.sha256, { onError: () => void refetch() })}
          >
            {adopt.isPending ? 'Adopting…' : `Adopt this config of ${node.name}`}
          </Button>
        </div>
      </div>
    </Card>
  );
}
