'use client';
import { Ban, OctagonPause } from 'lucide-react';
import { useState } from 'react';
import { useAllowRuns, useStop, useStopAllRuns } from '#client/stop-all.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { DangerDialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { plural } from '#shared/units/count.ts';

/** In the sidebar while any run is live. */
export function StopAll() {
  const { stopped, live } = useStop();
  const stop = useStopAllRuns();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  if ((live === 0 && !open) || stopped) return null;
  const problem = stop.isError ? asProblem(stop.error) : null;
  return (
    <>
      <Button look="ghost" small onClick={() => setOpen(true)}>
        <OctagonPause className="i s" aria-hidden="true" />
        Stop all runs…
      </Button>
      <DangerDialog
        open={open}
        title="Stop all runs?"
        lead="Nothing is undone: to put nodes back, abort their run."
        effects={[
          {
            key: 'pause',
            icon: <OctagonPause className="i" aria-hidden="true" />,
            text: `${plural(live, 'run')} paused: the step that is being done is finished, no other is begun, and changed nodes keep waiting.`,
          },
          {
            key: 'none',
            icon: <Ban className="i" aria-hidden="true" />,
            text: 'No run starts, for anybody, until runs are allowed again.',
          },
        ]}
        keep="Keep running"
        act="Stop all runs"
        busy={stop.isPending || reason.trim() === ''}
        problem={
          <>
            <TextField label="Reason" value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
            {problem ? (
              <Callout tone="danger" live>
                {problem.detail}
              </Callout>
            ) : null}
          </>
        }
        onAct={() => stop.mutate(reason, { onSuccess: () => setOpen(false) })}
        onClose={() => setOpen(false)}
      />
    </>
  );
}

/** Above every page while all runs are stopped. */
export function StoppedStrip() {
  const { stopped } = useStop();
  const allow = useAllowRuns();
  if (!stopped) return null;
  return (
    <div className="strip" role="status">
      <OctagonPause className="i s" aria-hidden="true" />
      <span>
        <b>All runs are stopped</b> by {stopped.by}: {stopped.reason}. None starts; what is paused stays so until it is resumed.
        {allow.isError ? ` ${asProblem(allow.error).detail}` : ''}
      </span>
      <Button small onClick={() => allow.mutate()} disabled={allow.isPending}>
        Allow runs
      </Button>
    </div>
  );
}
