'use client';
import { type FormEvent, useState } from 'react';
import { useChangePassword, useRename } from '#client/users.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { Card } from '#components/ui/card.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { type OwnAccount, passwordInputSchema } from '#shared/account.ts';
import { checkForm, type FieldErrors, fieldErrorsOf } from './form-errors.ts';

export function ProfileCard({ account }: { account: OwnAccount }) {
  const rename = useRename();
  const [name, setName] = useState(account.name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate(name);
  };
  const wrong = fieldErrorsOf(rename.error).name;
  return (
    <Card title="You" meta={`${account.email}, ${account.role}`}>
      <form className="form" onSubmit={submit} noValidate>
        <TextField
          label="Name"
          help="As runs and the audit show it"
          autoComplete="name"
          maxLength={80}
          value={name}
          error={wrong}
          onChange={(event) => setName(event.target.value)}
        />
        {rename.error && !wrong ? (
          <Callout tone="danger" live>
            {asProblem(rename.error).detail}
          </Callout>
        ) : null}
        <div className="form-foot">
          <Button type="submit" disabled={rename.isPending || name.trim() === account.name}>
            {rename.isPending ? 'Saving…' : 'Save the name'}
          </Button>
        </div>
      </form>
    </Card>
  );
}

const NOTHING = { current: '', next: '' };

export function PasswordCard() {
  const change = useChangePassword();
  const [input, setInput] = useState(NOTHING);
  const [wrong, setWrong] = useState<FieldErrors>({});
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const checked = checkForm(passwordInputSchema, input);
    setWrong(checked.ok ? {} : checked.errors);
    if (checked.ok)
      change.mutate(checked.value, { onSuccess: () => setInput(NOTHING), onError: (error) => setWrong(fieldErrorsOf(error)) });
  };
  const set = (field: keyof typeof NOTHING) => (event: { target: { value: string } }) =>
    setInput((before) => ({ ...before, [field]: event.target.value }));
  return (
    <Card title="Password" meta="a new one ends your other sessions">
      <form className="form" onSubmit={submit} noValidate>
        <div className="form-row">
          <TextField
            label="Present password"
            type="password"
            autoComplete="current-password"
            value={input.current}
            error={wrong.current}
            onChange={set('current')}
          />
          <TextField
            label="New password"
            type="password"
            help="12 characters or more"
            autoComplete="new-password"
            value={input.next}
            error={wrong.next}
            onChange={set('next')}
          />
        </div>
        {change.error && Object.keys(wrong).length === 0 ? (
          <Callout tone="danger" live>
            {asProblem(change.error).detail}
          </Callout>
        ) : null}
        {change.isSuccess ? (
          <Callout tone="ok" live>
            The password is changed, and your other sessions have ended.
          </Callout>
        ) : null}
        <div className="form-foot">
          <Button type="submit" disabled={change.isPending || input.current === '' || input.next === ''}>
            {change.isPending ? 'Changing…' : 'Change the password'}
          </Button>
        </div>
      </form>
    </Card>
  );
}
