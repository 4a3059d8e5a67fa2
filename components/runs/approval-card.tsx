'use client';
import { UserCheck } from 'lucide-react';
import { useRunAction } from '#client/runs.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Facts } from '#components/ui/card.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { useNow } from '#components/ui/now.tsx';
import type { Run } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';
import { formatDuration } from '#shared/units/time.ts';
import { askedRows } from './run-asked.tsx';

/** A rule asks for a second person, and nothing is done before one agrees. Who may not is told who may. */
export function ApprovalCard({ run }: { run: Run }) {
  const session = useSession();
  const approve = useRunAction(run.id);
  const left = (Date.parse(run.approval?.until ?? run.createdAt) - useNow()) / 1000;
  const own = session.data?.actor.name === run.startedBy;
  const allowed = may(session.data, 'run.approve');
  const problem = approve.isError ? asProblem(approve.error) : null;
  return (
    <section className="gate alone" aria-label="A second person must agree">
      <div className="ask">
        <h2>
          {run.runbook.title}: run it on {plural(run.targets.length, 'node')}?
        </h2>
        <p>
          A rule asks for a second person. {run.startedBy} started it; nothing is done and no node is held until somebody else agrees.
          Without that it ends in {formatDuration(Math.max(0, left))}.
        </p>
        <div className="asked">
          <Facts rows={askedRows(run)} />
        </div>
        <div className="ways">
          <div className="run-way">
            <p>
              {own
                ? 'You started this run, so the second person is somebody else: send them this page.'
                : allowed
                  ? 'Look at the nodes and the settings above first: your name stands on it.'
                  : 'Your role cannot agree to runs; an approver or admin can.'}
            </p>
            <Button look="primary" disabled={own || !allowed || approve.isPending} onClick={() => approve.mutate('approve')}>
              <UserCheck className="i s" aria-hidden="true" />
              Agree and start
            </Button>
          </div>
        </div>
        {problem ? (
          <Callout tone="danger" live>
            <b>{problem.title}.</b> {problem.detail}
          </Callout>
        ) : null}
      </div>
    </section>
  );
}
