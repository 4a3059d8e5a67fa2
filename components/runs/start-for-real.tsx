'use client';
import { Play, RotateCcw } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useId, useState } from 'react';
import { intentOf, useStartRun } from '#client/runs.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import type { Run, RunInput } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';

/** Of a dry run that came through: the same with the same settings, on the selector as it matches now. */
export function StartForReal({ run }: { run: Run }) {
  const start = useStartRun();
  const router = useRouter();
  const form = useId();
  const [open, setOpen] = useState(false);
  if (!run.dryRun || run.status !== 'succeeded') return null;
  const count = plural(run.targets.length, 'node');
  const { selector, strategy, params } = run;
  const input: RunInput = { runbook: run.runbook.key, selector, strategy, params };
  const problem = start.isError ? asProblem(start.error) : null;
  return (
    <>
      <Button look="primary" onClick={() => setOpen(true)}>
        <Play className="i s" aria-hidden="true" />
        Start it for real…
      </Button>
      <DangerDialog
        open={open}
        title={`Start ${run.runbook.title} on ${count}?`}
        lead={
          <>
            What the dry run looked at, with the same settings, on <span className="mono">{selector}</span> as it matches now.
          </>
        }
        effects={[
          {
            key: 'change',
            icon: <RotateCcw className="i" aria-hidden="true" />,
            text: 'Each step that the dry run left out is done. A node is changed only with a backup kept and a way back armed.',
          },
        ]}
        {...(run.targets.length > 1 ? { typed: String(run.targets.length) } : {})}
        keep="Not now"
        act={`Start on ${count}`}
        busy={start.isPending}
        problem={
          problem ? (
            <Callout tone="danger" live>
              <b>{problem.title}.</b> {problem.detail}
            </Callout>
          ) : null
        }
        onAct={() => start.mutate({ input, intent: intentOf(form, input) }, { onSuccess: ({ id }) => router.push(`/runs/${id}`) })}
        onClose={() => setOpen(false)}
      />
    </>
  );
}
