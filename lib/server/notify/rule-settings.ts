import { z } from 'zod';
import type { Db, Tx } from '#server/db/index.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { type AlertRule, RULE_MODES, type RuleSetting, ruleInputSchema, ruleThresholdsSchema } from '#shared/alert-rules.ts';
import { INCIDENT_RULES, type RuleKey, type RuleNumbers } from '#shared/incident-rules.ts';
import { toInstant } from '#shared/time.ts';

/** How a rule is to be evaluated: what was set, else what is built in. */
export type RuleNow = { rule: RuleKey; mode: RuleSetting['mode']; numbers: RuleNumbers; setting: RuleSetting | null };

const KEYS = Object.keys(INCIDENT_RULES) as RuleKey[];
const modeSchema = z.enum(RULE_MODES);

async function readSetting(db: Db | Tx, rule: string): Promise<RuleSetting | null> {
  const row = await db.selectFrom('alertRules').selectAll().where('rule', '=', rule).executeTakeFirst();
  return row ? toSetting(row) : null;
}

const toSetting = (row: {
  rule: string;
  mode: string;
  thresholds: string;
  version: number;
  updatedBy: string;
  updatedAt: number;
}): RuleSetting => ({
  ...row,
  mode: modeSchema.parse(row.mode),
  thresholds: ruleThresholdsSchema.parse(JSON.parse(row.thresholds)),
  updatedAt: toInstant(row.updatedAt),
});

/** Every built-in rule, in the order of the list. */
export async function currentRules(db: Db | Tx): Promise<RuleNow[]> {
  const settings = (await db.selectFrom('alertRules').selectAll().execute()).map(toSetting);
  return KEYS.map((rule) => {
    const setting = settings.find((s) => s.rule === rule) ?? null;
    return { rule, mode: setting?.mode ?? 'on', numbers: { ...INCIDENT_RULES[rule].defaults, ...setting?.thresholds }, setting };
  });
}

const editSchema = ruleInputSchema.extend({ rule: z.string(), version: z.number().int().min(0) });
const NUMBERS = ['threshold', 'clear', 'forSeconds', 'clearForSeconds'] as const;
const LONGEST_SECONDS = 86_400;

/** `version` 0: nobody has set this rule yet. */
export const setRule: Verb<typeof editSchema, Tx, RuleSetting> = {
  name: 'alert-rule.set',
  permission: 'alert.write',
  input: editSchema,
  async run(tx, { rule, version, mode, thresholds, reason }, { actor, now }) {
    const key = KEYS.find((k) => k === rule);
    if (!key)
      throw new HeadroomError(
        'alert-rule.not-found',
        `There is no alert rule ${JSON.stringify(rule.slice(0, 64))}; there are ${KEYS.join(', ')}.`,
      );
    const before = await readSetting(tx, rule);
    if ((before?.version ?? 0) !== version)
      throw new HeadroomError(
        'request.precondition-failed',
        `The rule ${rule} was changed meanwhile by ${before?.updatedBy ?? 'somebody'}: read it again, then change it.`,
      );
    const kept = { ...before?.thresholds, ...thresholds };
    assertNumbers(key, { ...INCIDENT_RULES[key].defaults, ...kept }, Object.keys(thresholds));
    const row = { rule, mode, thresholds: JSON.stringify(kept), version: version + 1, updatedBy: actor.name, updatedAt: now };
    await tx
      .insertInto('alertRules')
      .values(row)
      .onConflict((conflict) => conflict.column('rule').doUpdateSet(row))
      .execute();
    const result = toSetting(row);
    const after = { mode, thresholds: kept, ...(reason !== '' && { reason }) };
    const shown = before && { mode: before.mode, thresholds: before.thresholds };
    return {
      result,
      object: `alert-rule:${rule}`,
      before: shown ?? { mode: 'on', thresholds: {} },
      after,
      events: [{ type: 'alert-rule.changed', rule }],
    };
  },
};

function assertNumbers(rule: RuleKey, numbers: RuleNumbers, named: readonly string[]): void {
  const spec = INCIDENT_RULES[rule];
  const fail = (path: string, message: string) =>
    new HeadroomError('request.invalid', message, { fields: [{ path: `thresholds.${path}`, message }] });
  for (const name of named)
    if (!NUMBERS.some((n) => n === name)) throw fail(name, `a rule has no number ${JSON.stringify(name)}: there are ${NUMBERS.join(', ')}`);
  if (spec.bad === 'state' && (named.includes('threshold') || named.includes('clear')))
    throw fail('threshold', `the rule ${rule} has no threshold: it is so or it is not`);
  const { threshold, clear } = numbers;
  if (spec.bad !== 'state' && (threshold < spec.min || threshold > spec.max))
    throw fail('threshold', `the threshold is ${threshold}: for ${rule} it should be ${spec.min} to ${spec.max} ${spec.unit}`);
  if (spec.bad === 'above' && clear > threshold)
    throw fail('clear', `it clears at ${clear}: that should be at or below the threshold, which is ${threshold}`);
  if (spec.bad === 'below' && clear < threshold)
    throw fail('clear', `it clears at ${clear}: that should be at or above the threshold, which is ${threshold}`);
  for (const name of ['forSeconds', 'clearForSeconds'] as const)
    if (numbers[name] < 0 || numbers[name] > LONGEST_SECONDS)
      throw fail(name, `${name} is ${numbers[name]}: it should be 0 to ${LONGEST_SECONDS} seconds`);
}

const DAY_MS = 86_400_000;

/** The rules, with how often each fired of late on nodes that `sees` lets through. */
export async function listRules(db: Db, sees: (nodeId: string) => boolean, now: number): Promise<AlertRule[]> {
  const rules = await currentRules(db);
  const fired = await db
    .selectFrom('signals')
    .select(['rule', 'nodeId', 'nodeName', 'since', 'until', 'incidentId'])
    .where((eb) => eb.or([eb('since', '>', now - 30 * DAY_MS), eb('until', 'is', null)]))
    .orderBy('since', 'desc')
    .limit(20_000)
    .execute();
  const seen = fired.filter(({ nodeId }) => sees(nodeId));
  return rules.map(({ rule, mode, numbers, setting }) => {
    const own = seen.filter((signal) => signal.rule === rule);
    const [last] = own;
    return {
      ...{
        rule,
        mode,
        numbers,
        version: setting?.version ?? 0,
        updatedBy: setting?.updatedBy ?? null,
        updatedAt: setting?.updatedAt ?? null,
      },
      firing: own.filter(({ until }) => until === null).length,
      lastFired: last ? { at: toInstant(last.since), nodeId: last.nodeId, node: last.nodeName, incidentId: last.incidentId } : null,
      firedIn7Days: own.filter(({ since }) => since > now - 7 * DAY_MS).length,
    };
  });
}
