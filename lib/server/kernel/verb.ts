import type { z } from 'zod';
import type { Actor, Permission } from '#shared/access.ts';
import type { LiveEvent } from '#shared/events.ts';

/**
 * A verb is data: what a person or token asks to change. Its module exports it, `command()` runs it in one transaction together with the audit
 * entry, and publishes its events once the transaction is committed.
 */
export type Verb<Schema extends z.ZodType, Tx, Result> = {
  /** `<noun>.<verb>`, the audit's action */
  name: string;
  permission: Permission;
  input: Schema;
  /**
   * Whose nodes it acts on: their ids, each of which the actor needs the permission on; `itself`: its `run` looks at the actor's grants. Left out, it takes
   * the permission everywhere.
   */
  nodes?: 'itself' | ((tx: Tx, input: z.output<Schema>) => readonly string[] | Promise<readonly string[]>);
  /** Takes a second factor shown within the last minutes, of people who have one. Where only `run` can tell, it calls `assertFreshFactor`. */
  fresh?: boolean;
  run(tx: Tx, input: z.output<Schema>, context: VerbContext): Promise<VerbOutcome<Result>>;
};

export type VerbContext = { actor: Actor; now: number };

export type VerbOutcome<Result> = {
  result: Result;
  /** what was acted on: `node:n_…`, `run:r_…` */
  object: string;
  /** states for the audit, without secrets */
  before?: unknown;
  after?: unknown;
  events?: LiveEvent[];
  /** the result holds a secret that is shown once: it is not kept for a repeated Idempotency-Key */
  secret?: boolean;
};
