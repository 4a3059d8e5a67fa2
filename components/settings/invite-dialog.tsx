'use client';
import { type FormEvent, useState } from 'react';
import { useInvite } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Dialog } from '#components/ui/dialog.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { SelectField, TextField } from '#components/ui/field.tsx';
import { inviteInputSchema } from '#shared/account.ts';
import { ROLES } from '#shared/roles.ts';
import { checkForm, type FieldErrors, fieldErrorsOf } from './form-errors.ts';
import { OneTimeLinkView } from './one-time-link.tsx';

export const ROLE_WORDS = {
  viewer: 'viewer: looks',
  operator: 'operator: starts runs',
  approver: 'approver: agrees to runs, writes rules and runbooks',
  admin: 'admin: nodes, people, tokens',
} as const;

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const invite = useInvite();
  const [input, setInput] = useState({ name: '', email: '', role: 'operator' });
  const [wrong, setWrong] = useState<FieldErrors>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const checked = checkForm(inviteInputSchema, input);
    setWrong(checked.ok ? {} : checked.errors);
    if (checked.ok) invite.mutate(checked.value, { onError: (error) => setWrong(fieldErrorsOf(error)) });
  };
  const set = (field: keyof typeof input) => (event: { target: { value: string } }) =>
    setInput((before) => ({ ...before, [field]: event.target.value }));
  if (invite.data) return <OneTimeLinkView name={invite.data.user.name} link={invite.data.link} onClose={onClose} />;
  return (
    <Dialog
      open
      onClose={onClose}
      title="Invite a person"
      lead="You get a one-time link to send; the console sends no mail for it. Whoever opens it chooses the password."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button look="primary" type="submit" form="invite" disabled={invite.isPending}>
            {invite.isPending ? 'Inviting…' : 'Make the link'}
          </Button>
        </>
      }
    >
      <form id="invite" className="dlg-b" onSubmit={submit} noValidate>
        <TextField label="Name" help="As runs and the audit show it" value={input.name} error={wrong.name} onChange={set('name')} />
        <TextField label="E-mail" type="email" value={input.email} error={wrong.email} onChange={set('email')} />
        <SelectField label="Role" help="The least that does the job" value={input.role} error={wrong.role} onChange={set('role')}>
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {ROLE_WORDS[role]}
            </option>
          ))}
        </SelectField>
        {invite.error && Object.keys(wrong).length === 0 ? (
          <Callout tone="danger" live>
            {asProblem(invite.error).detail}
          </Callout>
        ) : null}
      </form>
    </Dialog>
  );
}
