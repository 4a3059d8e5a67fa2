import { z } from 'zod';
import { momentSchema } from './metrics.ts';
import { instantSchema } from './time.ts';

/** Alertmanager's: `isEqual` false negates, and is left out by old clients. A regular expression is anchored at both ends. */
export const matcherSchema = z.object({
  name: z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, 'must be a label name: letters, digits and underscores'),
  value: z.string().max(500),
  isRegex: z.boolean().default(false),
  isEqual: z.boolean().default(true),
});
export type Matcher = z.infer<typeof matcherSchema>;

/** A forgotten silence is a fault of its own: nobody can make one that is longer. */
export const MAX_SILENCE_DAYS = 30;

const fields = {
  /** `*`: every node */
  selector: z.string().min(1).max(2000).default('*'),
  matchers: z.array(matcherSchema).max(20).default([]),
  reason: z.string().trim().min(1, 'must say why').max(500),
  /** for whom it is made, where a program speaks for a person */
  owner: z.string().trim().min(1).max(80).optional(),
};
const namesSomething = (s: { selector: string; matchers: unknown[] }): boolean => s.selector !== '*' || s.matchers.length > 0;
const nothing = { path: ['selector'], message: 'must name nodes, or a rule must be matched' };

/** What it holds is what both hold: a selector on the nodes, matchers on the alert's labels (alertname, severity, node, the node's own). */
export const silenceInputSchema = z
  .object({ ...fields, startsAt: momentSchema.optional(), endsAt: momentSchema })
  .refine(namesSomething, nothing);
/** The same with its times read, epoch ms. */
export const silenceReadSchema = z
  .object({ ...fields, startsAt: z.number().optional(), endsAt: z.number() })
  .refine(namesSomething, nothing);
export type SilenceDraft = z.input<typeof silenceInputSchema>;

export const SILENCE_STATES = ['pending', 'active', 'expired'] as const;
export const silenceSchema = z.object({
  id: z.string(),
  state: z.enum(SILENCE_STATES),
  selector: z.string(),
  matchers: z.array(matcherSchema),
  reason: z.string(),
  startsAt: instantSchema,
  endsAt: instantSchema,
  createdBy: z.string(),
  createdAt: instantSchema,
  updatedAt: instantSchema,
  /** who ended it before its time */
  endedBy: z.string().nullable(),
  /** of one that a run made for a node */
  runId: z.string().nullable(),
  nodeId: z.string().nullable(),
  /** alerts that it holds back now */
  holds: z.number().int(),
});
export type Silence = z.infer<typeof silenceSchema>;
export const silenceListSchema = z.object({ silences: z.array(silenceSchema) });

export const formatMatcher = ({ name, value, isRegex, isEqual }: Matcher): string =>
  `${name}${isEqual ? (isRegex ? '=~' : '=') : isRegex ? '!~' : '!='}${JSON.stringify(value)}`;
