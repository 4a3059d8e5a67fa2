'use client';
import { Hand } from 'lucide-react';
import { useByHand } from '#client/runs.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { hasEnded, type Run, type RunTarget, type Step } from '#shared/runs.ts';
import { SkipButton } from './skip-button.tsx';

/** Steps that look and judge: the console leaves these out when asked, and no others. */
const SKIPPABLE = ['baseline', 'verify-fds', 'watch', 'verify-logs', 'verify-metrics', 'capture'];
/** What the document lets people type. */
const BY_HAND = ['edit-config', 'service'];

/** What a person may do about a step that was not begun. */
export function StepActs({ run, target, step }: { run: Run; target: RunTarget; step: Step }) {
  const session = useSession();
  const byHand = useByHand(run.id);
  const mine = BY_HAND.includes(step.kind);
  if (step.byHand)
    return (
      <Callout tone="accent">
        <b>{step.byHand} does this by hand.</b> When its turn comes the run looks at the node first, keeps what it finds as the receipt, and
        does only what is missing. The steps after it prove it all the same.
      </Callout>
    );
  if (step.status !== 'pending' || hasEnded(run.status) || (!mine && !SKIPPABLE.includes(step.kind))) return null;
  if (!may(session.data, 'run.control')) return <p className="help">Skipping, or doing it by hand, needs the operator role.</p>;
  const unarmed = step.kind === 'edit-config' && target.steps.some(({ kind, status }) => kind === 'arm-revert' && status === 'pending');
  const problem = byHand.isError ? asProblem(byHand.error) : null;
  return (
    <div className="grid gap-2">
      <div className="row wrap">
        {mine ? (
          <Button small disabled={byHand.isPending} onClick={() => byHand.mutate({ nodeId: target.nodeId, step: step.key })}>
            <Hand className="i s" aria-hidden="true" />I did this by hand: verify it
          </Button>
        ) : (
          <SkipButton runId={run.id} target={target} step={step} />
        )}
        {mine ? (
          <span className="help">
            {run.status === 'paused' ? 'The run is paused: type it on the node, then resume.' : 'Pause the run first if you need time.'}
            {unarmed ? ' No backup is kept yet: a file that is edited now is what a revert would bring back.' : ''}
          </span>
        ) : null}
      </div>
      {problem ? (
        <Callout tone="danger" live>
          <b>{problem.title}.</b> {problem.detail}
        </Callout>
      ) : null}
    </div>
  );
}
