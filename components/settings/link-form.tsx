'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import type { z } from 'zod';
import { lookAtLink, redeemLink } from '#client/session.ts';
import { Button, LinkButton } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { Skeleton } from '#components/ui/skeleton.tsx';
import type { linkFacesSchema } from '#shared/account.ts';
import { AuthFrame } from './auth-frame.tsx';
import { fieldErrorsOf } from './form-errors.ts';
import { FactorStep, useEnter } from './sign-in-form.tsx';

type Faces = z.infer<typeof linkFacesSchema>;
const WORDS = {
  invite: { title: 'Welcome', lead: 'Choose a password, and you are in.', act: 'Set the password and sign in' },
  password: { title: 'New password', lead: 'It ends every session of this account.', act: 'Set the password and sign in' },
  'second-factor': {
    title: 'Take the second factor off',
    lead: 'The app, the passkeys and the recovery codes are good no more. Set them up again afterwards.',
    act: 'Take it off and sign in',
  },
} as const;

/** A one-time link of an admin. Its secret is behind the `#`, which no server and no log ever sees. */
export function LinkForm() {
  const [token, setToken] = useState<string | null>(null);
  useEffect(() => setToken(window.location.hash.slice(1)), []);
  const faces = useQuery({
    queryKey: ['link', token],
    queryFn: () => lookAtLink(token ?? ''),
    enabled: token !== null && token !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (token === '' || faces.error)
    return (
      <AuthFrame title="This link is not good" lead="One-time links work once, for a while, and only the newest does.">
        <Callout tone="danger" live>
          {faces.error ? asProblem(faces.error).detail : 'The part behind the # is missing: open the whole link.'}
        </Callout>
        <LinkButton href="/login">Sign in instead</LinkButton>
      </AuthFrame>
    );
  if (!faces.data || token === null)
    return (
      <AuthFrame title="One moment" lead="The link is being looked at.">
        <Skeleton height={120} />
      </AuthFrame>
    );
  return <Redeem token={token} faces={faces.data} />;
}

function Redeem({ token, faces }: { token: string; faces: Faces }) {
  const enter = useEnter('/');
  const [password, setPassword] = useState('');
  const [factors, setFactors] = useState<{ totp: boolean; passkey: boolean } | null>(null);
  const redeem = useMutation({
    mutationFn: redeemLink,
    onSuccess: (answer) => ('secondFactor' in answer ? setFactors(answer.secondFactor) : enter()),
  });
  if (factors) return <FactorStep factors={factors} next="/" onBack={() => window.location.assign('/login')} />;
  const words = WORDS[faces.kind];
  const present = faces.kind === 'second-factor';
  const asks = !present || faces.hasPassword;
  const wrong = fieldErrorsOf(redeem.error).password;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    redeem.mutate({ token, ...(asks && { password }) });
  };
  return (
    <AuthFrame title={faces.kind === 'invite' ? `Welcome, ${faces.name}` : words.title} lead={words.lead}>
      <form className="form" onSubmit={submit}>
        <TextField label="E-mail" type="email" autoComplete="username" readOnly value={faces.email} />
        {asks ? (
          <TextField
            label={present ? 'Your password' : 'New password'}
            type="password"
            help={present ? undefined : '12 characters or more'}
            autoComplete={present ? 'current-password' : 'new-password'}
            required
            value={password}
            error={wrong}
            onChange={(event) => setPassword(event.target.value)}
          />
        ) : null}
        {redeem.error && !wrong ? (
          <Callout tone="danger" live>
            {asProblem(redeem.error).detail}
          </Callout>
        ) : null}
        <Button look={present ? 'danger-solid' : 'primary'} type="submit" disabled={redeem.isPending}>
          {redeem.isPending ? 'One moment…' : words.act}
        </Button>
      </form>
    </AuthFrame>
  );
}
