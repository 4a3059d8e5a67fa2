'use client';
import { Undo2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useRollBack } from '#client/runs.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { runName } from '#shared/run-name.ts';
import { hasEnded, type Run } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';

/** Nodes where the edit was made and confirmed: elsewhere there was none, or the node has put its file back. */
function keeping({ plan, targets }: Run): number {
  const done = (kind: string) => plan.flatMap((step, at) => (step.kind === kind ? [at] : []));
  const [edits, disarms] = [done('edit-config'), done('disarm-revert')];
  const all = (marks: readonly string[], steps: readonly number[]) => steps.every((at) => marks[at] === 'succeeded');
  return edits.length === 0 ? 0 : targets.filter(({ marks }) => all(marks, edits) && all(marks, disarms)).length;
}

/** Of an ended run that left a change on its nodes. */
export function RollBack({ run }: { run: Run }) {
  const rollBack = useRollBack(run.id);
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const edited = keeping(run);
  if (!hasEnded(run.status) || run.dryRun || edited === 0) return null;
  const problem = rollBack.isError ? asProblem(rollBack.error) : null;
  return (
    <>
      <Button look="danger" onClick={() => setOpen(true)}>
        <Undo2 className="i s" aria-hidden="true" />
        Roll back…
      </Button>
      <DangerDialog
        open={open}
        title={`Roll back ${runName(run.id)}?`}
        lead="This starts a new run, with the batches of this one."
        effects={[
          {
            key: 'restore',
            icon: <Undo2 className="i" aria-hidden="true" />,
            text: `Up to ${plural(edited, 'node')}: config.yaml is put back from this run's backup and the service restarted once, which cuts its tunnels. A node whose file was changed since is left alone.`,
          },
        ]}
        keep="Keep the change"
        act={`Roll back ${plural(edited, 'node')}`}
        busy={rollBack.isPending}
        problem={
          problem ? (
            <Callout tone="danger" live>
              {problem.detail}
            </Callout>
          ) : null
        }
        onAct={() => rollBack.mutate(undefined, { onSuccess: ({ id }) => router.push(`/runs/${id}`) })}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
