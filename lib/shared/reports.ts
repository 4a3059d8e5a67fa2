import { z } from 'zod';
import { momentSchema } from './metrics.ts';
import { instantSchema } from './time.ts';

const MOST_DAYS = 92;

/** GET reports. The seven days before `to` unless said, `to` is now; 92 days at most. */
export const reportQuerySchema = z
  .object({
    from: momentSchema.optional(),
    to: momentSchema.optional(),
    /** `md` and `html` are one file to keep, send or print */
    format: z.enum(['json', 'md', 'html'], 'must be json, md or html').default('json'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from < to, { message: 'from must be before to', path: ['from'] })
  .refine(({ from, to }) => from === undefined || (to ?? Date.now()) - from <= MOST_DAYS * 86_400_000, {
    message: `at most ${MOST_DAYS} days are reported at a time`,
    path: ['from'],
  });

const named = z.object({ nodeId: z.string(), name: z.string() });

export const reportSchema = z.object({
  from: instantSchema,
  to: instantSchema,
  madeAt: instantSchema,
  nodes: z.number().int(),
  /** what the range says, in sentences, the gravest first */
  summary: z.array(z.string()),
  /** nothing was measured and nothing happened */
  empty: z.boolean(),
  /** per day, the node that had the least headroom, as a share of its limit; null where nothing was measured */
  headroom: z.array(z.object({ day: instantSchema, lowestPercent: z.number().nullable(), node: z.string().nullable() })),
  /** the lowest of each node, the lowest first, ten at most */
  lowest: z.array(named.extend({ percent: z.number(), headroom: z.number(), at: instantSchema })),
  leaks: z.object({
    found: z.number().int(),
    fixed: z.number().int(),
    notFixed: z.number().int(),
    open: z.number().int(),
  }),
  incidents: z.array(
    z.object({
      ...{ id: z.string(), number: z.number().int(), title: z.string(), severity: z.string(), status: z.string(), cause: z.string() },
      ...{ openedAt: instantSchema, closedAt: instantSchema.nullable(), closedReason: z.string().nullable(), nodes: z.array(z.string()) },
      acknowledgedSeconds: z.number().nullable(),
    }),
  ),
  changes: z.array(
    z.object({
      ...{ id: z.string(), title: z.string(), runbook: z.string(), by: z.string(), at: instantSchema },
      ...{ status: z.string(), verdict: z.string().nullable(), summary: z.string(), nodes: z.number().int() },
    }),
  ),
  drills: z.array(z.object({ id: z.string(), at: instantSchema, by: z.string(), score: z.number().int() })),
  /** as of `madeAt` */
  now: z.object({
    diesFirst: z.array(
      named.extend({
        verdict: z.string(),
        perMinute: z.number().nullable(),
        seconds: z.object({ low: z.number(), high: z.number().nullable() }),
      }),
    ),
    drift: z.array(named),
    notUp: z.array(named.extend({ state: z.string() })),
  }),
  next: z.array(z.string()),
});
export type Report = z.infer<typeof reportSchema>;
