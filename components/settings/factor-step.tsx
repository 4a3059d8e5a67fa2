'use client';
import { Fingerprint } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { Button } from '#components/ui/button.tsx';
import { TextField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';

type Props = {
  formId: string;
  has: { totp: boolean; passkey: boolean };
  error: unknown;
  busy: boolean;
  onCode: (code: string) => void;
  onPasskey: () => void;
};

/** The second factor, by whichever of its ways the person has. A recovery code goes into the same field. */
export function FactorFields({ formId, has, error, busy, onCode, onPasskey }: Props) {
  const [code, setCode] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onCode(code);
  };
  return (
    <form id={formId} className="form" onSubmit={submit}>
      {has.passkey ? (
        <Button onClick={onPasskey} disabled={busy}>
          <Fingerprint className="i" aria-hidden="true" />
          Use a passkey
        </Button>
      ) : null}
      {has.passkey ? <p className="or">or</p> : null}
      <TextField
        label="Code"
        help={has.totp ? 'Six digits of your authenticator app, or a recovery code' : 'A recovery code, like k7mp-2xqa-9wfd-tbnc'}
        autoComplete="one-time-code"
        inputMode={has.totp ? 'text' : undefined}
        required
        autoFocus
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <ProblemNote error={error} />
    </form>
  );
}
