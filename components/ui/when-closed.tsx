'use client';
import { useState } from 'react';
import { Button } from './button.tsx';
import { TextField } from './field.tsx';

type WhenClosedProps = { mayOverride: boolean; busy: boolean; onWait: () => void; onOverride: (reason: string) => void };

/** The start was refused because of a freeze or window: wait for its time, or say why it is to be now. */
export function WhenClosed({ mayOverride, busy, onWait, onOverride }: WhenClosedProps) {
  const [reason, setReason] = useState('');
  return (
    <fieldset className="stack">
      <legend>These nodes are closed now</legend>
      <div className="row wrap">
        <Button disabled={busy} onClick={onWait}>
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
        <Button look="danger" disabled={busy || !mayOverride || reason.trim() === ''} onClick={() => onOverride(reason.trim())}>
          Start in spite of it
        </Button>
      </div>
    </fieldset>
  );
}
