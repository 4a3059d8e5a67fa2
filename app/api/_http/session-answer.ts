import type { FactorNeeded, SignedIn } from '#server/access/index.ts';
import type { Runtime } from '#server/runtime.ts';
import type { Actor, Session } from '#shared/access.ts';
import type { SignInAnswer } from '#shared/account.ts';
import { withCookies } from './with-cookies.ts';

export function toSession(runtime: Runtime, actor: Actor): Session {
  const { id, kind, name, role } = actor;
  const grants = actor.kind === 'system' ? undefined : actor.grants;
  return { actor: { kind, id, name, role, ...(grants && { grants: [...grants] }) }, demo: runtime.config.demo };
}

/** The new session, or what is still needed for it, with its cookies. */
export function sessionAnswer(runtime: Runtime, done: SignedIn | FactorNeeded): Response {
  const answer: SignInAnswer = done.actor === null ? { secondFactor: done.secondFactor } : toSession(runtime, done.actor);
  return withCookies(answer, done.cookies);
}
