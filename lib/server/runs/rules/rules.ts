import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { type ChangeRule, changeRuleInputSchema } from '#shared/change-rules.ts';
import { describeProblem, parseSelector } from '#shared/selector.ts';
import { toInstant } from '#shared/time.ts';

/** Each costs a look at every node of every run that starts. */
const MAX_RULES = 200;

/** Oldest first. */
export async function loadRules(db: Db | Tx): Promise<ChangeRule[]> {
  const rows = await db.selectFrom('changeRules').selectAll().orderBy('createdAt').orderBy('id').execute();
  return rows.map(({ rule, createdAt, ...row }) => ({
    ...changeRuleInputSchema.parse(JSON.parse(rule)),
    ...row,
    createdAt: toInstant(createdAt),
  }));
}

export const addChangeRule: Verb<typeof changeRuleInputSchema, Tx, ChangeRule> = {
  name: 'rule.add',
  permission: 'rule.write',
  input: changeRuleInputSchema,
  async run(tx, input, { actor, now }) {
    const parsed = parseSelector(input.selector);
    if (!parsed.ok) throw new HeadroomError('selector.invalid', describeProblem(input.selector, parsed.problem));
    const { count } = await tx
      .selectFrom('changeRules')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    if (count >= MAX_RULES)
      throw new HeadroomError('request.invalid', `There are ${count} change rules, and ${MAX_RULES} is the most: remove one that is over.`);
    const row = { id: newId('cr', now), createdBy: actor.name, createdAt: now };
    await tx
      .insertInto('changeRules')
      .values({ ...row, rule: JSON.stringify(input) })
      .execute();
    const result: ChangeRule = { ...input, ...row, createdAt: toInstant(now) };
    return { result, object: `rule:${row.id}`, after: input, events: await openRuns(tx) };
  },
};

const ruleRef = z.object({ id: z.string().min(1).max(64) });

export const removeChangeRule: Verb<typeof ruleRef, Tx, { removed: string }> = {
  name: 'rule.remove',
  permission: 'rule.write',
  input: ruleRef,
  async run(tx, { id }) {
    const row = await tx.deleteFrom('changeRules').where('id', '=', id).returning('rule').executeTakeFirst();
    if (row === undefined)
      throw new HeadroomError('rule.not-found', `There is no change rule ${JSON.stringify(id)}: it was removed already.`);
    return { result: { removed: id }, object: `rule:${id}`, before: JSON.parse(row.rule), events: await openRuns(tx) };
  },
};

/** Those under way look at the rules again. */
async function openRuns(tx: Tx): Promise<{ type: 'run.changed'; runId: string }[]> {
  const rows = await tx.selectFrom('runs').select('id').where('finishedAt', 'is', null).execute();
  return rows.map(({ id }) => ({ type: 'run.changed', runId: id }));
}
