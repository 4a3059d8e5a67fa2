'use client';
import Link from 'next/link';
import { useConfigHistory } from '#client/config-history.ts';
import { useNode } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { LinkButton } from '#components/ui/button.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import type { ConfigHistory } from '#shared/nodes.ts';
import { runName } from '#shared/run-name.ts';

const STATE: Record<ConfigHistory['kept'][number]['state'], string> = {
  kept: 'kept before the change',
  armed: 'the node waits for this run’s word',
  disarmed: 'the change was confirmed',
  reverting: 'is being put back',
  reverted: 'was put back',
};

/** config.yaml as it was before each run that changed it. Restoring one is a run like any other: armed, verified, undone when it fails. */
export function ConfigHistoryTable({ nodeId }: { nodeId: string }) {
  const history = useConfigHistory(nodeId);
  const session = useSession();
  const name = useNode(nodeId).data?.node.name;
  if (!history.data)
    return history.error ? (
      <ErrorState error={history.error} onRetry={() => void history.refetch()} />
    ) : (
      <Loading what="what the node keeps">
        <div className="p-4">
          <Skeleton width="60%" />
        </div>
      </Loading>
    );
  const { kept, sha256 } = history.data;
  if (kept.length === 0)
    return (
      <p className="help p-4">
        The node keeps no earlier config.yaml. Each run that changes the file leaves the one before it here, the last 50 of them.
      </p>
    );
  const mayStart = may(session.data, 'run.start');
  return (
    <TableFrame label="Earlier config.yaml" tight>
      <thead>
        <tr>
          <th scope="col">Kept</th>
          <th scope="col">By run</th>
          <th scope="col">sha256</th>
          <th scope="col">Since then</th>
          <ActionsHead />
        </tr>
      </thead>
      <tbody>
        {kept.map((one) => (
          <tr key={`${one.runId}-${one.at}`}>
            <td className="nw">
              <Ago at={one.at} />
            </td>
            <td>
              {one.title === null ? (
                <span className="t3">a run that this console does not know</span>
              ) : (
                <>
                  <Link href={`/runs/${encodeURIComponent(one.runId)}`}>{runName(one.runId)}</Link> {one.title}, {one.startedBy}
                </>
              )}
            </td>
            <td className="mono" title={one.sha256}>
              {one.sha256.slice(0, 12)}
            </td>
            <td>{one.sha256 === sha256 ? 'is what the node has now' : STATE[one.state]}</td>
            <td>
              {mayStart && name !== undefined && one.title !== null && one.sha256 !== sha256 ? (
                <LinkButton small href={restoreHref(name, one.runId)}>
                  Restore…
                </LinkButton>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </TableFrame>
  );
}

const restoreHref = (name: string, runId: string): string =>
  `/runbooks/config-rollback?${new URLSearchParams({ selector: `name=${name}`, 'params.run': runId })}`;
