'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearchParams } from 'next/navigation';
import { type FormEvent, useState } from 'react';
import { setUp } from '#client/session.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { setupInputSchema } from '#shared/access.ts';
import { AuthFrame } from './auth-frame.tsx';
import { checkForm, type FieldErrors, fieldErrorsOf } from './form-errors.ts';

/** Whoever holds the link that the console printed on its terminal becomes the first admin. */
export function SetupForm() {
  const router = useRouter();
  const client = useQueryClient();
  const token = useSearchParams().get('token') ?? '';
  const [input, setInput] = useState({ name: '', email: '', password: '' });
  const [wrong, setWrong] = useState<FieldErrors>({});
  const create = useMutation({
    mutationFn: setUp,
    onSuccess: () => {
      client.clear();
      router.replace('/welcome');
    },
    onError: (error) => setWrong(fieldErrorsOf(error)),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const checked = checkForm(setupInputSchema, { ...input, token });
    setWrong(checked.ok ? {} : checked.errors);
    if (checked.ok) create.mutate(checked.value);
  };
  if (token === '')
    return (
      <AuthFrame title="First admin" lead="This page needs the link that the console printed when it started.">
        <Callout>
          Look at the console’s terminal or its journal for a line with <code>/setup?token=</code> and open that link. It is good once.
        </Callout>
        <LinkButton href="/login">Sign in instead</LinkButton>
      </AuthFrame>
    );
  const set = (field: keyof typeof input) => (event: { target: { value: string } }) =>
    setInput((before) => ({ ...before, [field]: event.target.value }));
  return (
    <AuthFrame title="First admin" lead="You may register nodes, approve host keys and give tokens. The link is good once.">
      <form className="form" onSubmit={submit} noValidate>
        <TextField
          label="Your name"
          help="As runs and the audit will show it"
          autoComplete="name"
          value={input.name}
          error={wrong.name}
          onChange={set('name')}
        />
        <TextField label="E-mail" type="email" autoComplete="username" value={input.email} error={wrong.email} onChange={set('email')} />
        <TextField
          label="Password"
          type="password"
          help="12 characters or more"
          autoComplete="new-password"
          value={input.password}
          error={wrong.password}
          onChange={set('password')}
        />
        {create.error || wrong.token ? (
          <Callout tone="danger" live>
            {create.error ? asProblem(create.error).detail : `The link is not complete: ${wrong.token}`}
          </Callout>
        ) : null}
        <Button look="primary" type="submit" disabled={create.isPending}>
          {create.isPending ? 'Creating…' : 'Create the admin'}
        </Button>
      </form>
    </AuthFrame>
  );
}
