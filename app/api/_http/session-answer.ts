import type { SignedIn } from '#server/access/index.ts';
import type { Runtime } from '#server/runtime.ts';
import type { Actor, Session } from '#shared/access.ts';

export const toSession = (runtime: Runtime, actor: Actor): Session => ({ actor, demo: runtime.config.demo });

/** The new session as JSON, with its cookies. */
export function sessionAnswer(runtime: Runtime, { actor, cookies }: SignedIn): Response {
  const response = Response.json(toSession(runtime, actor), { headers: { 'cache-control': 'no-store' } });
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
}
