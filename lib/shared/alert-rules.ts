import { z } from 'zod';
import { RULE_KEYS } from './incident-rules.ts';
import { instantSchema } from './time.ts';

/**
 * on      evaluated, recorded, notified
 * shadow  evaluated and recorded, never notified: what it would have said is evidence for turning it on
 * off     not evaluated
 */
export const RULE_MODES = ['on', 'shadow', 'off'] as const;
export type RuleMode = (typeof RULE_MODES)[number];

export const ruleThresholdsSchema = z.record(z.string().max(64), z.number());

/** PUT alert-rules/:rule. Thresholds that are not named stay as they are. */
export const ruleInputSchema = z.object({
  mode: z.enum(RULE_MODES),
  thresholds: ruleThresholdsSchema.default({}),
  /** why it is changed, or what the replay said; kept in the audit */
  reason: z.string().trim().max(500).default(''),
});
export type RuleInput = z.infer<typeof ruleInputSchema>;

/** What was set for a rule; a rule that nobody touched has none, and the built-in values hold. */
export const ruleSettingSchema = z.object({
  rule: z.string(),
  mode: z.enum(RULE_MODES),
  thresholds: ruleThresholdsSchema,
  version: z.number().int(),
  updatedBy: z.string(),
  updatedAt: instantSchema,
});
export type RuleSetting = z.infer<typeof ruleSettingSchema>;

const numbers = z.object({ threshold: z.number(), clear: z.number(), forSeconds: z.number(), clearForSeconds: z.number() });

/** One rule as it is evaluated now. */
export const alertRuleSchema = z.object({
  rule: z.enum(RULE_KEYS),
  mode: z.enum(RULE_MODES),
  numbers,
  /** for If-Match; 0 when nobody has set it */
  version: z.number().int(),
  updatedBy: z.string().nullable(),
  updatedAt: instantSchema.nullable(),
  /** nodes on which it fires now */
  firing: z.number().int(),
  lastFired: z.object({ at: instantSchema, nodeId: z.string(), node: z.string(), incidentId: z.string().nullable() }).nullable(),
  firedIn7Days: z.number().int(),
});
export type AlertRule = z.infer<typeof alertRuleSchema>;
export const alertRuleListSchema = z.object({ rules: z.array(alertRuleSchema) });
