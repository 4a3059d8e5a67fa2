'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Fingerprint, LogIn } from 'lucide-react';
import { useRouter, useSearchParams } from 'next/navigation';
import { type FormEvent, useState } from 'react';
import { browserHasPasskeys, signInByPasskey } from '#client/passkeys.ts';
import { enterCode, safeNext, signIn, useSetupIsOpen, useSignInMethods } from '#client/session.ts';
import { Button } from '#components/ui/button.tsx';
import { Callout } from '#components/ui/callout.tsx';
import { asProblem } from '#components/ui/error-state.tsx';
import { TextField } from '#components/ui/field.tsx';
import { AuthFrame } from './auth-frame.tsx';
import { FactorFields } from './factor-step.tsx';
import { providerProblem } from './provider-problem.ts';

type Factors = { totp: boolean; passkey: boolean };

export function SignInForm() {
  const query = useSearchParams();
  const next = safeNext(query.get('next'));
  const noAdmin = useSetupIsOpen();
  const [factors, setFactors] = useState<Factors | null>(null);
  if (noAdmin)
    return (
      <AuthFrame title="No admin yet" lead="This console has nobody to sign in as.">
        <Callout tone="warn" live>
          Open the one-time setup link: the console printed it when it started, on its terminal or in its journal, as a line with{' '}
          <code>/setup?token=</code>. Whoever opens it becomes the first admin.
        </Callout>
      </AuthFrame>
    );
  if (factors) return <FactorStep factors={factors} next={next} onBack={() => setFactors(null)} />;
  return (
    <AuthFrame
      title="Sign in"
      lead={next === '/' ? 'To the console of this fleet.' : 'Your session has ended. You come back to where you were.'}
    >
      <PasswordForm next={next} problem={providerProblem(query.get('problem'))} onFactors={setFactors} />
    </AuthFrame>
  );
}

/** Into the console, with nothing of what an earlier person saw. */
export function useEnter(next: string): () => void {
  const router = useRouter();
  const client = useQueryClient();
  return () => {
    client.clear();
    router.replace(next);
  };
}

function PasswordForm({ next, problem, onFactors }: { next: string; problem: string | null; onFactors: (factors: Factors) => void }) {
  const enter = useEnter(next);
  const methods = useSignInMethods().data;
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const byPassword = useMutation({
    mutationFn: signIn,
    onSuccess: (answer) => ('secondFactor' in answer ? onFactors(answer.secondFactor) : enter()),
  });
  const byPasskey = useMutation({ mutationFn: signInByPasskey, onSuccess: enter });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    byPasskey.reset();
    byPassword.mutate({ email, password });
  };
  const error = byPassword.error ?? byPasskey.error;
  const detail = error ? asProblem(error).detail : problem;
  const passkeys = (methods?.passkeys ?? false) && browserHasPasskeys();
  return (
    <>
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
        {detail ? (
          <Callout tone="danger" live>
            {detail}
          </Callout>
        ) : null}
        <Button look="primary" type="submit" disabled={byPassword.isPending}>
          {byPassword.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
      </form>
      {passkeys || methods?.oidc ? (
        <div className="form">
          <p className="or">or</p>
          {methods?.oidc ? (
            <a className="btn" href={`/api/v1/auth/oidc/start?next=${encodeURIComponent(next)}`}>
              <LogIn className="i" aria-hidden="true" />
              Continue with {methods.oidc}
            </a>
          ) : null}
          {passkeys ? (
            <Button
              disabled={byPasskey.isPending}
              onClick={() => {
                byPassword.reset();
                byPasskey.mutate();
              }}
            >
              <Fingerprint className="i" aria-hidden="true" />
              {byPasskey.isPending ? 'Waiting for the passkey…' : 'Use a passkey'}
            </Button>
          ) : null}
        </div>
      ) : null}
    </>
  );
}

/** After the password: the cookie that it left lets this browser go on for ten minutes. */
export function FactorStep({ factors, next, onBack }: { factors: Factors; next: string; onBack: () => void }) {
  const enter = useEnter(next);
  const byCode = useMutation({ mutationFn: enterCode, onSuccess: enter });
  const byPasskey = useMutation({ mutationFn: signInByPasskey, onSuccess: enter });
  const busy = byCode.isPending || byPasskey.isPending;
  return (
    <AuthFrame title="Second factor" lead="The password was right. One more thing that only you have.">
      <FactorFields
        formId="second-factor"
        has={factors}
        error={byCode.error ?? byPasskey.error}
        busy={busy}
        onCode={(code) => {
          byPasskey.reset();
          byCode.mutate(code);
        }}
        onPasskey={() => {
          byCode.reset();
          byPasskey.mutate();
        }}
      />
      <div className="form">
        <Button look="primary" type="submit" form="second-factor" disabled={busy}>
          {byCode.isPending ? 'Checking…' : 'Go on'}
        </Button>
        <Button look="ghost" onClick={onBack}>
          Sign in as somebody else
        </Button>
        <p className="help">No device and no recovery code left? An admin can give you a link that takes the second factor off.</p>
      </div>
    </AuthFrame>
  );
}
