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

/** Of an ended run that left a change on its nodes. */
export function RollBack({ run }: { run: Run }) {
  const rollBack = useRollBack(run.id);
  const router = useRouter();
  const [open, setOpen] = useState(false);
  const edited = run.targets.filter(
    (t) => t.steps.some((s) => s.kind === 'edit-config' && s.status === 'succeeded') && !['rolled-back', 'aborted'].includes(t.status),
  ).length;
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
