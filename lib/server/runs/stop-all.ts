import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { reasonSchema, type Stop, stopSchema } from '#shared/runs.ts';
import { toInstant } from '#shared/time.ts';

const KEY = 'runs.stopped';

export async function readStop(db: Db | Tx): Promise<Stop | null> {
  const row = await db.selectFrom('settings').select('value').where('key', '=', KEY).executeTakeFirst();
  return row === undefined ? null : stopSchema.parse(JSON.parse(row.value));
}

/** Before anything starts or goes on. */
export async function assertNotStopped(tx: Tx): Promise<void> {
  const stop = await readStop(tx);
  if (stop !== null)
    throw new HeadroomError('runs.stopped', `All runs were stopped by ${stop.by} at ${stop.at}: ${stop.reason}. Allow runs again first.`);
}

type Stopped = { stopped: Stop | null; paused: string[] };

/**
 * Pauses every run and lets none start until runs are allowed again. A run that is being aborted goes on with that. A node that is armed stays so and is
 * kept from restoring itself; whatever then ends the pause (an abort, a lost console) takes back what the run wrote, and nothing where it wrote nothing.
 */
export const stopAllRuns: Verb<typeof reasonSchema, Tx, Stopped> = {
  name: 'runs.stop-all',
  permission: 'run.control',
  input: reasonSchema,
  async run(tx, { reason }, { actor, now }) {
    const stopped: Stop = (await readStop(tx)) ?? { by: actor.name, reason, at: toInstant(now) };
    const row = { value: JSON.stringify(stopped), updatedAt: now };
    await tx
      .insertInto('settings')
      .values({ key: KEY, ...row })
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
      .execute();
    const rows = await tx
      .updateTable('runs')
      .set({ control: 'pause', controlBy: actor.name, status: 'paused' })
      .where('finishedAt', 'is', null)
      .where('control', 'is', null)
      // A run that nobody agreed to does nothing that could be paused, and resuming must not stand in for agreeing.
      .where('status', '!=', 'awaiting-approval')
      .returning('id')
      .execute();
    const paused = rows.map((r) => r.id);
    const events = paused.map((runId) => ({ type: 'run.changed', runId }) as const);
    return { result: { stopped, paused }, object: 'runs', after: { reason, paused }, events };
  },
};

const nothing = z.object({});

/** Runs may start again. What was paused stays paused until somebody resumes it. */
export const allowRuns: Verb<typeof nothing, Tx, Stopped> = {
  name: 'runs.allow',
  permission: 'run.control',
  input: nothing,
  async run(tx) {
    const before = await readStop(tx);
    await tx.deleteFrom('settings').where('key', '=', KEY).execute();
    return { result: { stopped: null, paused: [] }, object: 'runs', before, after: { stopped: null } };
  },
};
