'use client';
import { FileWarning, Fingerprint, Lock, OctagonX, Unplug } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';

/** What a failed call carries; lib/client's ProblemError is one. */
export type ProblemLike = { code: string; title: string; detail: string };

export const asProblem = (error: unknown): ProblemLike =>
  typeof error === 'object' && error !== null && 'code' in error && 'title' in error && 'detail' in error
    ? { code: String(error.code), title: String(error.title), detail: String(error.detail) }
    : {
        code: 'client.bug',
        title: 'This page failed',
        detail: 'Something in this page went wrong. Reload it; the console itself is not affected.',
      };

/** What, since when, what still works, who can fix it, and the stable code. A refusal is not red: it is a closed door. */
export function ErrorState({ error, onRetry, children }: { error: unknown; onRetry?: (() => void) | undefined; children?: ReactNode }) {
  const problem = asProblem(error);
  const { Icon, tone } = iconOf(problem.code);
  return (
    <section className="card" role="alert">
      <div className="err">
        <Icon className={`i fg-${tone}`} aria-hidden="true" />
        <div>
          <h2>{problem.title}</h2>
          <p>{problem.detail}</p>
          {children}
          <dl className="kv">
            <dt>Code</dt>
            <dd>
              <code>{problem.code}</code>
            </dd>
          </dl>
          {onRetry ? (
            <div className="acts">
              <Button onClick={onRetry}>Try again</Button>
            </div>
          ) : null}
        </div>
      </div>
    </section>
  );
}

function iconOf(code: string) {
  if (code === 'auth.forbidden') return { Icon: Lock, tone: 'unknown' };
  if (code.includes('host-key')) return { Icon: Fingerprint, tone: 'danger' };
  if (code.startsWith('config.')) return { Icon: FileWarning, tone: 'warn' };
  if (code === 'client.unreachable' || code.startsWith('ssh.')) return { Icon: Unplug, tone: 'danger' };
  return { Icon: OctagonX, tone: 'danger' };
}
