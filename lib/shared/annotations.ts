import { z } from 'zod';
import { momentSchema } from './metrics.ts';
import { instantSchema } from './time.ts';

/**
 * What happened to a node, for a chart's lane. `from` is when it began; `to` when it ended: equal to `from` for what has no duration, null
 * while it lasts. What began before the asked range and reaches into it is given with its true `from`.
 */
const span = { from: instantSchema, to: instantSchema.nullable() };
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const annotationSchema = z.discriminatedUnion('kind', [
  /** a process life began; null = not known (nothing was read before, or no life before) */
  z.object({
    kind: z.literal('restart'),
    ...span,
    /** how long the life before lasted, as far as it was seen */
    livedSeconds: z.number().nullable(),
    /** the last count of the life before, and the first of this one */
    fdsBefore: z.number().nullable(),
    fdsAfter: z.number().nullable(),
    /** the run that was at work on the node then */
    runId: z.string().nullable(),
  }),
  z.object({ kind: z.literal('run'), ...span, runId: z.string(), title: z.string(), verdict: z.string().nullable() }),
  /** config.yaml has other bytes than when it was read before; seen at the next probe, up to 15 s late */
  z.object({ kind: z.literal('config'), ...span, before: sha256.nullable(), after: sha256, runId: z.string().nullable() }),
  /** a rehearsed leak, as the proxy says itself */
  z.object({ kind: z.literal('drill'), ...span, drill: z.string() }),
  /** the metrics page was dead and fds were counted over SSH */
  z.object({ kind: z.literal('blind'), ...span }),
  /** nothing answered: a gap in every series */
  z.object({ kind: z.literal('gap'), ...span }),
  z.object({ kind: z.literal('incident'), ...span, incidentId: z.string(), title: z.string(), severity: z.string().nullable() }),
]);
export type Annotation = z.infer<typeof annotationSchema>;

/** GET nodes/:id/events?from&to. By `from`, then by kind. Of more than 1,000 the newest are given and `cut` is true. */
export const nodeEventsAnswerSchema = z.object({
  from: instantSchema,
  to: instantSchema,
  events: z.array(annotationSchema),
  cut: z.boolean(),
});
export type NodeEventsAnswer = z.infer<typeof nodeEventsAnswerSchema>;

/** Both may be left out: `to` is now, `from` an hour before it. */
export const nodeEventsQuerySchema = z.object({ from: momentSchema.optional(), to: momentSchema.optional() });
export type NodeEventsQuery = z.infer<typeof nodeEventsQuerySchema>;
