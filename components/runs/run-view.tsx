'use client';
import { useEffect, useState } from 'react';
import { useRunbook } from '#client/runbooks.ts';
import { useRun, useRunTarget } from '#client/runs.ts';
import { Callout } from '#components/ui/callout.tsx';
import { ErrorState } from '#components/ui/error-state.tsx';
import { syncClock } from '#components/ui/now.tsx';
import { Loading, Skeleton } from '#components/ui/skeleton.tsx';
import { hasEnded, type Run, type RunTarget } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { ApprovalCard } from './approval-card.tsx';
import { DocumentPane } from './document-pane.tsx';
import { GateCard } from './gate-card.tsx';
import { RevertClock } from './revert-clock.tsx';
import { RunAsked } from './run-asked.tsx';
import { RunHead } from './run-head.tsx';
import { StepList } from './step-list.tsx';
import { TargetMatrix } from './target-matrix.tsx';
import { TargetVerdict } from './target-verdict.tsx';

const MOST_ASKING = 8;

/** One run: the guided view of one node, or the matrix of many with one of them opened. */
export function RunView({ id, nodeId, onNode }: { id: string; nodeId: string | null; onNode: (nodeId: string) => void }) {
  const run = useRun(id);
  const stale = run.isError && run.data !== undefined;
  // which node it opened on stays until another is chosen: what is asked next must not come under a click that was meant for this one
  const [opened, setOpened] = useState<string | null>(null);
  const { target, error } = useRunTarget(run.data, nodeId ?? opened);
  if (opened === null && target) setOpened(target.nodeId);
  useEffect(() => {
    if (run.data?.finishedAt) syncClock(Math.max(Date.now(), Date.parse(run.data.finishedAt)));
  }, [run.data?.finishedAt]);
  if (run.isPending) return <RunSkeleton />;
  if (!run.data) return <ErrorState error={run.error} onRetry={() => run.refetch()} />;
  return (
    <>
      <RunHead run={run.data} />
      <div className="stack run-stack">
        {stale ? (
          <Callout tone="warn" live>
            <b>The console does not answer.</b> The run goes on without this page; a node with an armed timer restores itself. What you see
            is as of the last answer.
          </Callout>
        ) : null}
        {isHeld(run.data) ? (
          <Callout tone="accent">
            <b>Not everything may be begun now.</b> {run.data.summary}. It goes on by itself when its time has come.
          </Callout>
        ) : null}
        {run.data.status === 'awaiting-approval' ? <ApprovalCard run={run.data} /> : null}
        <Asking
          targets={run.data.targets.filter(({ status, nodeId }) => status === 'waiting' && nodeId !== target?.nodeId)}
          onNode={onNode}
        />
        {run.data.targets.length > 1 ? <TargetMatrix run={run.data} selected={target?.nodeId ?? null} onSelect={onNode} /> : null}
        {target ? <Guided run={run.data} target={target} /> : error ? <ErrorState error={error} /> : null}
      </div>
    </>
  );
}

/** A freeze or a window keeps nodes from being begun; the summary says until when. */
const isHeld = ({ status, summary }: Run): boolean => !hasEnded(status) && /(: waits|; \d+ wait), /.test(summary);

/** Nodes that wait for an answer and are not the one that is shown. */
function Asking({ targets, onNode }: { targets: readonly RunTarget[]; onNode: (nodeId: string) => void }) {
  if (targets.length === 0) return null;
  return (
    <Callout tone="accent" live>
      <b>
        {plural(targets.length, 'more node')} {targets.length === 1 ? 'waits' : 'wait'} for your answer:
      </b>{' '}
      {targets.slice(0, MOST_ASKING).map(({ nodeId, name }, i) => (
        <span key={nodeId}>
          {i > 0 ? ', ' : ''}
          <button type="button" className="lnk" onClick={() => onNode(nodeId)}>
            {name}
          </button>
        </span>
      ))}
      {targets.length > MOST_ASKING ? ' and others below' : ''}
    </Callout>
  );
}

function Guided({ run, target }: { run: Run; target: RunTarget }) {
  const runbook = useRunbook(run.runbook.key);
  const gate = target.steps.find((step) => step.status === 'waiting' && step.gate !== null);
  return (
    <div className="run-lay">
      <DocumentPane run={run} target={target} runbook={runbook.data} />
      <div className="stack">
        {gate ? (
          <GateCard run={run} target={target} step={gate} />
        ) : target.revertAt ? (
          <RevertClock target={target} strategy={run.strategy} />
        ) : null}
        <TargetVerdict run={run} target={target} />
        <StepList run={run} target={target} runbook={runbook.data} />
        {run.status === 'awaiting-approval' ? null : <RunAsked run={run} />}
      </div>
    </div>
  );
}

function RunSkeleton() {
  return (
    <Loading what="the run">
      <div className="page-h">
        <Skeleton width={320} height={24} />
      </div>
      <div className="run-lay">
        <div className="card p-4">
          <Skeleton height={240} />
        </div>
        <div className="stack">
          <div className="card p-4">
            <Skeleton height={120} />
          </div>
          <div className="card p-4">
            <Skeleton height={200} />
          </div>
        </div>
      </div>
    </Loading>
  );
}
