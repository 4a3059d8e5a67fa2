'use client';
import Link from 'next/link';
import { Fragment, useState } from 'react';
import { useConfigHistory, useKeptConfig } from '#client/config-history.ts';
import { useNode } from '#client/nodes.ts';
import { may, useSession } from '#client/session.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { DiffView } from '#components/ui/diff-view.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { Ago } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { ActionsHead, TableFrame } from '#components/ui/table.tsx';
import { diffLines } from '#shared/diff-lines.ts';
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
  const [shown, setShown] = useState<string | null>(null);
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
        {kept.map((one) => {
          const same = one.sha256 === sha256;
          const open = shown === one.runId;
          return (
            <Fragment key={`${one.runId}-${one.at}`}>
              <tr>
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
                <td>{same ? 'is what the node has now' : STATE[one.state]}</td>
                <td>
                  {same ? null : (
                    <span className="row">
                      <Button small aria-expanded={open} onClick={() => setShown(open ? null : one.runId)}>
                        Difference
                      </Button>
                      {mayStart && name !== undefined && one.title !== null && sha256 !== null ? (
                        <LinkButton small href={restoreHref(name, one.runId, sha256)}>
                          Restore…
                        </LinkButton>
                      ) : null}
                    </span>
                  )}
                </td>
              </tr>
              {open ? (
                <tr>
                  <td colSpan={5}>
                    <Difference nodeId={nodeId} run={one.runId} />
                  </td>
                </tr>
              ) : null}
            </Fragment>
          );
        })}
      </tbody>
    </TableFrame>
  );
}

/** What putting it back would change in the file as it is now. */
function Difference({ nodeId, run }: { nodeId: string; run: string }) {
  const kept = useKeptConfig(nodeId, run);
  if (!kept.data) return kept.error ? <ErrorState error={kept.error} onRetry={() => void kept.refetch()} /> : <Skeleton width="60%" />;
  const { text, now } = kept.data;
  return (
    <DiffView
      label={`What restoring config.yaml from before ${runName(run)} would change`}
      rows={diffLines(now.text, text, CONTEXT_LINES)}
    />
  );
}

const CONTEXT_LINES = 3;

/** The run takes away the file that was looked at here, and no other. */
const restoreHref = (name: string, runId: string, over: string): string =>
  `/runbooks/config-rollback?${new URLSearchParams({ selector: `name=${name}`, 'params.run': runId, 'params.over': over })}`;
