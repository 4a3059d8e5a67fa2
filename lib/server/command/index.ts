import type { z } from 'zod';
import type { Audit } from '#server/audit/index.ts';
import type { Db, Tx } from '#server/db/index.ts';
import type { EventHub } from '#server/events/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { assertFreshFactor } from '#server/kernel/fresh-factor.ts';
import { invalid } from '#server/kernel/invalid.ts';
import type { Log } from '#server/kernel/log.ts';
import type { Verb, VerbOutcome } from '#server/kernel/verb.ts';
import { type Actor, mayEverywhere, mayOn, maySomewhere } from '#shared/access.ts';
import { describeGrants } from '#shared/grants.ts';
import { labelsSchema } from '#shared/nodes.ts';
import { recall, remember } from './idempotency.ts';

export type Command = ReturnType<typeof createCommand>;

/**
 * The one door for writes: permission, schema, one transaction of the verb and its audit entry, then the events. Of a verb that throws nothing
 * stays, and nothing is published.
 */
export function createCommand(deps: { db: Db; audit: Audit; events: EventHub; clock: Clock; log?: Pick<Log, 'info'> }) {
  const { db, audit, events, clock, log } = deps;

  return async function command<S extends z.ZodType, R>(
    actor: Actor,
    verb: Verb<S, Tx, R>,
    input: unknown,
    options: { idempotencyKey?: string | undefined } = {},
  ): Promise<R> {
    const refuse = async (where: string): Promise<never> => {
      const { seq } = await audit.record({ actor, action: verb.name, object: '-', result: 'refused', at: clock.now() });
      log?.info({ audit: seq, action: verb.name, actor: actor.id, result: 'refused' }, 'command');
      events.publish({ type: 'audit.appended', seq });
      throw new HeadroomError(
        'auth.forbidden',
        `${verb.name} needs the permission ${verb.permission}${where}; ${actor.name} is ${describeGrants(actor)}`,
      );
    };
    const everywhere = mayEverywhere(actor, verb.permission);
    if (!everywhere && !maySomewhere(actor, verb.permission)) await refuse('');
    if (!everywhere && verb.nodes === undefined) await refuse(' everywhere');
    const parsed = parseInput(verb.input, input);
    if (verb.fresh) assertFreshFactor(actor, clock.now(), verb.name);
    const key = options.idempotencyKey;

    const work = async (tx: Tx) => {
      const known = key === undefined ? null : await recall<R>(tx, { actor, key, verb: verb.name, input, now: clock.now() });
      if (known) return { answer: known.answer, tell: null, line: null };
      if (!everywhere && !(await mayOnAll(tx, actor, verb, parsed))) return null;
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
      const tell = await events.within(tx, [...(outcome.events ?? []), { type: 'audit.appended', seq }]);
      return { answer: outcome.result, tell, line: { audit: seq, action: verb.name, object: outcome.object, actor: actor.id } };
    };
    const done = await again(() => db.transaction().execute(work));
    if (done === null) return refuse(' on every node that it acts on');
    done.tell?.();
    if (done.line) log?.info(done.line, 'command');
    return done.answer;
  };
}

/** By the labels as they are in this very transaction. What is about no node, or about one that is gone, is everywhere's alone. */
async function mayOnAll<S extends z.ZodType, R>(tx: Tx, actor: Actor, verb: Verb<S, Tx, R>, input: z.output<S>): Promise<boolean> {
  if (verb.nodes === 'itself') return true;
  const ids = [...new Set((await verb.nodes?.(tx, input)) ?? [])];
  if (ids.length === 0) return false;
  const rows = await tx.selectFrom('nodes').select(['id', 'name', 'labels']).where('id', 'in', ids).execute();
  return (
    rows.length === ids.length &&
    rows.every((row) => mayOn(actor, verb.permission, { ...row, labels: labelsSchema.parse(JSON.parse(row.labels)) }))
  );
}

/** PostgreSQL gave up one of two that met (serialization failure, deadlock): nothing of it stays, so it is done again. */
const COLLISIONS = ['40001', '40P01'];
const TRIES = 5;

async function again<T>(transaction: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await transaction();
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : '';
      if (!COLLISIONS.includes(code) || tried === TRIES) throw error;
    }
  }
}

function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error);
}
