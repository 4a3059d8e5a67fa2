import { HeadroomError } from '#server/kernel/errors.ts';
import type { Actor } from '#shared/access.ts';

/** A browser holds one, however many tabs it has. Each may have 4 MiB waiting. */
export const MOST_STREAMS = 64;

const held = new Map<string, number>();

/** Counts one more event stream of this person or token; what it returns counts it off again, once. Throws request.rate-limited. */
export function holdStream(actor: Actor): () => void {
  const before = held.get(actor.id) ?? 0;
  if (before >= MOST_STREAMS)
    throw new HeadroomError(
      'request.rate-limited',
      `${actor.name} has ${before} event streams open, the most for one person or token: close some, a browser needs one`,
    );
  held.set(actor.id, before + 1);
  let open = true;
  return () => {
    if (!open) return;
    open = false;
    const left = (held.get(actor.id) ?? 1) - 1;
    if (left > 0) held.set(actor.id, left);
    else held.delete(actor.id);
  };
}
