'use client';
import { useState } from 'react';
import { isProblemError } from '#client/http.ts';
import { may, useSession } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { TextField } from '#components/ui/field.tsx';
import type { RunInput } from '#shared/runs.ts';

/** What makes a start go on in spite of a freeze or outside a window. */
export type InSpite = Pick<RunInput, 'override'> & { onClosed?: 'wait' };

/** The start was refused because of a freeze or window: wait for its time, or say why it is to be now. Nothing where it was refused for something else. */
export function WhenClosed({ error, busy, onStart }: { error: unknown; busy: boolean; onStart: (how: InSpite) => void }) {
  const session = useSession();
  const [reason, setReason] = useState('');
  if (!isProblemError(error) || error.code !== 'run.closed') return null;
  const mayOverride = may(session.data, 'run.approve');
  return (
    <fieldset className="stack">
      <legend>These nodes are closed now</legend>
      <div className="row wrap">
        <Button disabled={busy} onClick={() => onStart({ onClosed: 'wait' })}>
          Start when they open
        </Button>
      </div>
      <TextField
        label="Or go on now, because"
        maxLength={500}
        value={reason}
        disabled={!mayOverride}
        help={mayOverride ? 'The run, the audit and the evidence keep it.' : 'Going on in spite of a freeze is an approver’s or admin’s.'}
        onChange={(event) => setReason(event.target.value)}
      />
      <div className="row wrap">
        <Button
          look="danger"
          disabled={busy || !mayOverride || reason.trim() === ''}
          onClick={() => onStart({ override: { reason: reason.trim() } })}
        >
          Start in spite of it
        </Button>
      </div>
    </fieldset>
  );
}
