import { createHash } from 'node:crypto';
import type { Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Actor } from '#shared/access.ts';

/** How long an answer is given again for the same key. */
const KEPT_MS = 24 * 3600_000;

type Asked = { actor: Actor; key: string; verb: string; input: unknown; now: number };

/** The answer that this actor got for this key, or null when the key is new. */
export async function recall<R>(tx: Tx, asked: Asked): Promise<{ answer: R } | null> {
  const row = await tx
    .selectFrom('idempotency')
    .selectAll()
    .where('actorId', '=', asked.actor.id)
    .where('key', '=', asked.key)
    .where('at', '>', asked.now - KEPT_MS)
    .executeTakeFirst();
  if (!row) return null;
  if (row.sha256 !== digest(asked))
    throw new HeadroomError(
      'request.idempotency-conflict',
      `the Idempotency-Key ${asked.key} came with another body before: use a new key`,
    );
  if (row.answer === null)
    throw new HeadroomError(
      'request.idempotency-conflict',
      `the Idempotency-Key ${asked.key} was used, and its answer held a secret that is shown once and not kept`,
    );
  return { answer: storedAnswer<R>(row.answer) };
}

export async function remember(tx: Tx, asked: Asked & { answer: unknown }): Promise<void> {
  await tx
    .deleteFrom('idempotency')
    .where('at', '<=', asked.now - KEPT_MS)
    .execute();
  const answer = asked.answer === null || asked.answer === undefined ? null : JSON.stringify(asked.answer);
  await tx
    .insertInto('idempotency')
    .values({ actorId: asked.actor.id, key: asked.key, sha256: digest(asked), answer, at: asked.now })
    .execute();
}

const digest = (asked: Asked): string =>
  createHash('sha256')
    .update(JSON.stringify([asked.verb, sorted(asked.input)]))
    .digest('hex');

/** Key order in a body means nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** What `remember` wrote for the same verb (its name is in the digest) is what the verb returns. */
const storedAnswer = <R>(json: string): R => JSON.parse(json);
