'use client';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useBeginTotp, useConfirmTotp } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { CopyButton } from '#components/ui/copy-button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { TextField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import { QrCode } from './qr-code.tsx';

/** The secret counts once the app has shown a code of it, so that nobody locks themselves out with a picture they did not scan. */
export function TotpDialog({ onClose, onCodes }: { onClose: () => void; onCodes: (codes: string[]) => void }) {
  const { mutate: begin, data, error } = useBeginTotp();
  const confirm = useConfirmTotp();
  const [code, setCode] = useState('');
  const begun = useRef(false);
  useEffect(() => {
    // an effect may run twice; a second secret would make the first picture worthless
    if (begun.current) return;
    begun.current = true;
    begin(null);
  }, [begin]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate(code, {
      onSuccess: ({ recoveryCodes }) => {
        onClose();
        onCodes(recoveryCodes);
      },
    });
  };
  const problem = error ?? confirm.error;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Set up an authenticator app"
      lead="Scan the picture with the app, then type the code that it shows."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="new-totp" disabled={!data || confirm.isPending}>
            {confirm.isPending ? 'Checking…' : 'Turn it on'}
          </Button>
        </>
      }
    >
      <form id="new-totp" className="dlg-b" onSubmit={submit}>
        <div className="enrol">
          {data ? <QrCode text={data.uri} label="QR code for the authenticator app" /> : <Skeleton height={176} width={176} />}
          <div className="form">
            <div>
              <p className="label">Cannot scan? Type this</p>
              <p className="row">
                <code className="wrap">{data ? spaced(data.secret) : '…'}</code>
                {data ? <CopyButton text={data.secret} label="Copy the secret" /> : null}
              </p>
            </div>
            <TextField
              label="Code of the app"
              help="Six digits"
              autoComplete="one-time-code"
              inputMode="numeric"
              required
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          </div>
        </div>
        <ProblemNote error={problem} />
      </form>
    </Dialog>
  );
}

const spaced = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ');
