import type { Actor } from '#shared/access.ts';
import { eventStream, lastEventId } from '../../_http/event-stream.ts';
import { handle } from '../../_http/handle.ts';
import { holdStream } from '../../_http/open-streams.ts';

export const GET = handle({ permission: 'fleet.read', on: 'scoped' }, async ({ runtime, actor, request }) => {
  // another process may have told it a moment before
  const since = lastEventId(request);
  if (since !== undefined) await runtime.events.reach(since);
  // Who holds more or less than at its start opens it anew.
  const isTheSame = async () => heldBy(await runtime.access.authenticate(request.headers)) === heldBy(actor);
  return eventStream(runtime.events, request, isTheSame, runtime.eventsFor(actor), holdStream(actor));
});

const heldBy = (actor: Actor | null): string | null =>
  actor && JSON.stringify(actor.kind === 'system' ? actor : [actor.id, actor.role, actor.grants, actor.within]);
