import type { z } from 'zod';
import type { Audit } from '#server/audit/index.ts';
import type { Db, Tx } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { invalid } from '#server/kernel/invalid.ts';
import type { Verb, VerbOutcome } from '#server/kernel/verb.ts';
import { type Actor, roleMay } from '#shared/access.ts';
import { recall, remember } from './idempotency.ts';

export type Command = ReturnType<typeof createCommand>;

/**
 * The one door for writes: permission, schema, one transaction of the verb and its audit entry, then the events. Of a verb that throws nothing
 * stays, and nothing is published.
 */
export function createCommand(deps: { db: Db; audit: Audit; events: EventHub; clock: Clock }) {
  const { db, audit, events, clock } = deps;

  return async function command<S extends z.ZodType, R>(
    actor: Actor,
    verb: Verb<S, Tx, R>,
    input: unknown,
    options: { idempotencyKey?: string | undefined } = {},
  ): Promise<R> {
    if (!roleMay(actor.role, verb.permission)) {
      const { seq } = await audit.record({ actor, action: verb.name, object: '-', result: 'refused', at: clock.now() });
      events.publish({ type: 'audit.appended', seq });
      throw new HeadroomError(
        'auth.forbidden',
        `${verb.name} needs the permission ${verb.permission}; ${actor.name} has the role ${actor.role}`,
      );
    }
    const parsed = parseInput(verb.input, input);
    const key = options.idempotencyKey;

    const done = await db.transaction().execute(async (tx) => {
      const known = key === undefined ? null : await recall<R>(tx, { actor, key, verb: verb.name, input, now: clock.now() });
      if (known) return { answer: known.answer, outcome: null };
      const outcome: VerbOutcome<R> = await verb.run(tx, parsed, { actor, now: clock.now() });
      const { seq } = await audit.append(tx, {
        actor,
        action: verb.name,
        object: outcome.object,
        result: 'ok',
        before: outcome.before,
        after: outcome.after,
        at: clock.now(),
      });
      if (key !== undefined) {
        const answer = outcome.secret ? null : outcome.result;
        await remember(tx, { actor, key, verb: verb.name, input, answer, now: clock.now() });
      }
      return { answer: outcome.result, outcome: { events: outcome.events ?? [], seq } };
    });
    if (done.outcome) {
      for (const event of done.outcome.events) events.publish(event);
      events.publish({ type: 'audit.appended', seq: done.outcome.seq });
    }
    return done.answer;
  };
}

function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error);
}
