import type { Actor } from '#shared/access.ts';
import { HeadroomError } from './errors.ts';

/** How long a second factor counts after it was shown. */
const FRESH_MS = 10 * 60_000;
/** A run that changes more nodes than this asks for it. */
export const NODES_WITHOUT_FACTOR = 10;

/**
 * Throws auth.second-factor-needed unless the person showed the second factor within ten minutes. Of people who have none enrolled nothing is asked, nor of
 * tokens: they are given for one purpose, with a role, a scope and an end.
 */
export function assertFreshFactor(actor: Actor, now: number, what: string): void {
  if (actor.kind !== 'user' || !actor.session?.enrolled) return;
  const { factorAt } = actor.session;
  if (factorAt !== null && now - factorAt <= FRESH_MS) return;
  const last = factorAt === null ? 'none was shown in this session' : `the last one was ${Math.round((now - factorAt) / 60_000)} min ago`;
  throw new HeadroomError(
    'auth.second-factor-needed',
    `${what} needs a second factor of the last 10 min; ${last}: enter a code, or use a passkey`,
  );
}

/**
 * The first factor is for whoever just showed the password, or came by the provider: somebody who found a browser open must not make the account theirs.
 * Whoever has a factor is asked for that one instead, see `assertFreshFactor`.
 */
export function assertRecentSignIn(actor: Actor, now: number): void {
  if (actor.kind !== 'user' || !actor.session || actor.session.enrolled) return;
  const minutes = (now - actor.session.since) / 60_000;
  if (now - actor.session.since <= FRESH_MS) return;
  throw new HeadroomError(
    'auth.sign-in-again',
    `a first second factor is set up within 10 min of signing in, and that was ${Math.round(minutes)} min ago: sign out, sign in again, and go on`,
  );
}
