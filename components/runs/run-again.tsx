import { RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import type { Run, RunTarget } from '#shared/runs.ts';
import { plural } from '#shared/units/count.ts';

const MOST_LISTED = 20;

/** Whatever did not succeed once more: what failed, what was never reached, and what was skipped. Of several nodes they are named first. */
export function RunAgain({ run, busy, onAgain }: { run: Run; busy: boolean; onAgain: () => void }) {
  const [open, setOpen] = useState(false);
  const again = run.targets.filter(({ status }) => status !== 'succeeded');
  const many = run.targets.length > 1;
  return (
    <>
      <Button onClick={() => (many ? setOpen(true) : onAgain())} disabled={busy}>
        <RotateCcw className="i s" aria-hidden="true" />
        {many ? `Run again on ${plural(again.length, 'node')}…` : 'Run again'}
      </Button>
      <Dialog
        open={open}
        onClose={() => setOpen(false)}
        title={`Run again on ${plural(again.length, 'node')}?`}
        lead={`From the first step, with the same settings.${leftAlone(run.targets.length - again.length)}`}
        footer={
          <>
            <Button onClick={() => setOpen(false)}>Not now</Button>
            <Button
              look="primary"
              disabled={busy}
              onClick={() => {
                setOpen(false);
                onAgain();
              }}
            >
              Run {plural(again.length, 'node')}
            </Button>
          </>
        }
      >
        <ul className="again">
          {again.slice(0, MOST_LISTED).map((target) => (
            <li key={target.nodeId}>
              <b>{target.name}</b> {whyAgain(target)}
            </li>
          ))}
          {again.length > MOST_LISTED ? <li>and {plural(again.length - MOST_LISTED, 'more node')}</li> : null}
        </ul>
      </Dialog>
    </>
  );
}

const leftAlone = (succeeded: number): string =>
  succeeded === 0 ? '' : ` ${plural(succeeded, 'node')} that succeeded ${succeeded === 1 ? 'is' : 'are'} left alone.`;

function whyAgain({ status, summary, steps }: RunTarget): string {
  const failed = steps.find((step) => step.status === 'failed');
  if (status === 'failed' && failed) return `failed at “${failed.title}”: ${failed.summary}`;
  return summary || (status === 'pending' ? 'was never reached' : status);
}
