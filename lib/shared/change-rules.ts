import { z } from 'zod';
import { instantSchema } from './time.ts';

/** Monday first, as people plan a week. */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const timeOfDay = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'must be a time of day like 02:30');
const timeZone = z.string().max(64).refine(isTimeZone, 'must be a time zone like UTC or Europe/Berlin');
const about = { selector: z.string().min(1).max(2000), reason: z.string().trim().min(1).max(500) };

/**
 * When the nodes of a selector may be changed, and by whose word.
 *   freeze    not in this span
 *   window    only in such spans of a week; several windows add up; `to` before `from` ends on the next day
 *   approval  only when a second person agrees to the run
 */
export const changeRuleInputSchema = z.discriminatedUnion('kind', [
  z
    .object({ kind: z.literal('freeze'), ...about, from: instantSchema, to: instantSchema })
    .refine((r) => Date.parse(r.from) < Date.parse(r.to), { path: ['to'], message: 'must be later than from' }),
  z.object({
    kind: z.literal('window'),
    ...about,
    days: z.array(z.enum(WEEKDAYS)).min(1).max(7),
    from: timeOfDay,
    to: timeOfDay,
    timeZone: timeZone.default('UTC'),
  }),
  z.object({ kind: z.literal('approval'), ...about }),
]);
export type ChangeRuleInput = z.infer<typeof changeRuleInputSchema>;

const stored = { id: z.string(), createdBy: z.string(), createdAt: instantSchema };
export const changeRuleSchema = z.intersection(changeRuleInputSchema, z.object(stored));
export type ChangeRule = z.infer<typeof changeRuleSchema>;
export const changeRuleListSchema = z.object({ rules: z.array(changeRuleSchema) });

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}
