'use client';
import { SkipForward } from 'lucide-react';
import { useState } from 'react';
import { useSkip } from '#client/runs.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import type { RunTarget, Step } from '#shared/runs.ts';

/** Leaves out a node that was not begun, or one coming step of it; with a reason, which the audit and the result keep. */
export function SkipButton({ runId, target, step }: { runId: string; target: RunTarget; step?: Step }) {
  const skip = useSkip(runId);
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const what = step ? `“${step.title}” on ${target.name}` : target.name;
  const problem = skip.isError ? asProblem(skip.error) : null;
  const go = () =>
    skip.mutate({ nodeId: target.nodeId, reason: reason.trim(), ...(step ? { step: step.key } : {}) }, { onSuccess: () => setOpen(false) });
  return (
    <>
      <Button small look="ghost" onClick={() => setOpen(true)}>
        <SkipForward className="i s" aria-hidden="true" />
        {step ? 'Skip this step…' : `Skip ${target.name}…`}
      </Button>
      <Dialog
        open={open}
        title={`Skip ${what}?`}
        lead={
          step
            ? 'What it would have judged stays unjudged: the node can then not be called fixed, only “can’t tell”.'
            : 'Nothing is done to this node in this run.'
        }
        onClose={() => setOpen(false)}
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Keep it</Button>
            <Button look="primary" disabled={reason.trim() === '' || skip.isPending} onClick={go}>
              Skip {step ? 'the step' : target.name}
            </Button>
          </>
        }
      >
        <form
          className="dlg-b"
          onSubmit={(event) => {
            event.preventDefault();
            if (reason.trim() !== '') go();
          }}
        >
          <TextField
            label="Why"
            help="The run, the audit and the evidence keep it."
            maxLength={500}
            value={reason}
            onChange={({ target: field }) => setReason(field.value)}
          />
          {problem ? (
            <Callout tone="danger" live>
              <b>{problem.title}.</b> {problem.detail}
            </Callout>
          ) : null}
        </form>
      </Dialog>
    </>
  );
}
