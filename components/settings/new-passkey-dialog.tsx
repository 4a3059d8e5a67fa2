'use client';
import { type FormEvent, useState } from 'react';
import { useAddPasskey } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { TextField } from '#components/ui/field.tsx';
import { ProblemNote } from '#components/ui/problem-note.tsx';

export function NewPasskeyDialog({ onClose, onCodes }: { onClose: () => void; onCodes: (codes: string[]) => void }) {
  const add = useAddPasskey();
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(name, {
      onSuccess: ({ recoveryCodes }) => {
        onClose();
        if (recoveryCodes) onCodes(recoveryCodes);
      },
    });
  };
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a passkey"
      lead="The browser asks for the device next. The key stays on it; the console gets its public half."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="new-passkey" disabled={add.isPending || name.trim() === ''}>
            {add.isPending ? 'Waiting for the device…' : 'Go on'}
          </Button>
        </>
      }
    >
      <form id="new-passkey" className="dlg-b" onSubmit={submit}>
        <TextField
          label="Name"
          help="To know it again: laptop, blue security key"
          maxLength={80}
          required
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <ProblemNote error={add.error} />
      </form>
    </Dialog>
  );
}
