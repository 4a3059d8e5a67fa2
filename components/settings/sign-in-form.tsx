'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRouter, useSearchParams } from 'next/navigation';
import { type FormEvent, useState } from 'react';
import { safeNext, signIn, useSetupIsOpen } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { AuthFrame } from './auth-frame.tsx';

export function SignInForm() {
  const router = useRouter();
  const client = useQueryClient();
  const next = safeNext(useSearchParams().get('next'));
  const noAdmin = useSetupIsOpen();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const enter = useMutation({
    mutationFn: signIn,
    onSuccess: async () => {
      // whatever an earlier person saw is not this person's
      client.clear();
      router.replace(next);
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate({ email, password });
  };
  if (noAdmin)
    return (
      <AuthFrame title="No admin yet" lead="This console has nobody to sign in as.">
        <Callout tone="warn" live>
          Open the one-time setup link: the console printed it when it started, on its terminal or in its journal, as a line with{' '}
          <code>/setup?token=</code>. Whoever opens it becomes the first admin.
        </Callout>
      </AuthFrame>
    );
  return (
    <AuthFrame
      title="Sign in"
      lead={next === '/' ? 'To the console of this fleet.' : 'Your session has ended. You come back to where you were.'}
    >
      <form className="form" onSubmit={submit}>
        <TextField
          label="E-mail"
          type="email"
          autoComplete="username"
          required
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {enter.error ? (
          <Callout tone="danger" live>
            {asProblem(enter.error).detail}
          </Callout>
        ) : null}
        <Button look="primary" type="submit" disabled={enter.isPending}>
          {enter.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
    </AuthFrame>
  );
}
