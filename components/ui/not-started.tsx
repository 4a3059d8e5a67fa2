'use client';
import { useState } from 'react';
import { Button } from './button.tsx';
import { Callout } from './callout.tsx';
import { asProblem } from './error-state.tsx';
import { TextField } from './field.tsx';

type WhenClosedProps = { mayOverride: boolean; busy: boolean; onWait: () => void; onOverride: (reason: string) => void };

/** Why a start was refused; `closed` when it was for a freeze or window, with the ways on. */
export function NotStarted({ error, closed, ...ways }: WhenClosedProps & { error: unknown; closed: boolean }) {
  const problem = error === null ? null : asProblem(error);
  return (
    <>
      {problem ? (
        <Callout tone="danger" live>
          <b>{problem.title}.</b> {closed ? withoutFields(problem.detail) : problem.detail}
        </Callout>
      ) : null}
      {closed ? <WhenClosed {...ways} /> : null}
    </>
  );
}

/** The ways on are buttons here: what they are called in the API stays away. */
const withoutFields = (detail: string): string => detail.replace(/ Start it with strategy\.onClosed .*$/s, '');

/** Wait for their time, or say why it is to be now. */
function WhenClosed({ mayOverride, busy, onWait, onOverride }: WhenClosedProps) {
  const [reason, setReason] = useState('');
  return (
    <fieldset className="stack">
      <legend className="mb-2">These nodes are closed now</legend>
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
