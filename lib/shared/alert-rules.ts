import { z } from 'zod';
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
