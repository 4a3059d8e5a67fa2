import { z } from 'zod';
import { instantSchema } from './time.ts';

/**
 * One wide sample per node and scrape. Counters are raw (they fall to 0 at a process start). `null` = not known from this source.
 * Times are epoch milliseconds here and ISO 8601 on the wire.
 */
export type Sample = {
  at: number;
  /** start of the process that these numbers belong to, epoch ms rounded to the second */
  processStart: number | null;
  openFds: number | null;
  fdLimit: number | null;
  connectionsActive: number | null;
  /** tunnels that are stale: one FIN older than the half-close deadline, or silent longer than timeouts.idle */
  connectionsStale: number | null;
  /** active connections that hold one fd, not two: no backend is dialled, connected or borrowed for them */
  withoutBackend: number | null;
  poolActive: number | null;
  poolIdle: number | null;
  /** fds that an idle process holds (listeners, pipes, epoll, metrics); exported by ours, else unknown */
  baselineFds: number | null;
  acceptedTotal: number | null;
  refusedTotal: number | null;
  bytesTotal: number | null;
  errorsTotal: number | null;
  rssBytes: number | null;
  cpuSeconds: number | null;
  eventLoopLagSeconds: number | null;
  source: 'http' | 'ssh-metrics' | 'ssh-proc';
};

export const SERIES = [
  'openFds',
  'fdLimit',
  'explainedFds',
  'unexplainedFds',
  'connectionsActive',
  'connectionsStale',
  'poolActive',
  'poolIdle',
  'acceptedPerSecond',
  'refusedPerSecond',
  'bytesPerSecond',
  'errorsPerSecond',
  'rssBytes',
  'cpuCores',
  'eventLoopLagSeconds',
] as const;
export type SeriesName = (typeof SERIES)[number];

/**
 * GET nodes/:id/metrics?from&to&step. `times[i]` (epoch seconds) belongs to `series.*[i]`; null where there is no data, so gaps stay gaps.
 * With `step` 0 the raw samples are given. No bucket spans two process lives.
 */
export const nodeMetricsAnswerSchema = z.object({
  from: instantSchema,
  to: instantSchema,
  /** seconds per point; 0 = raw */
  step: z.number(),
  processStarts: z.array(instantSchema),
  times: z.array(z.number()),
  series: z.record(z.string(), z.array(z.number().nullable())),
  /** ranges in which the metrics page was dead and fds were counted over SSH */
  blind: z.array(z.object({ from: instantSchema, to: instantSchema })),
  /** runs that touched this node in the range */
  runs: z.array(
    z.object({ id: z.string(), title: z.string(), from: instantSchema, to: instantSchema.nullable(), verdict: z.string().nullable() }),
  ),
});
export type NodeMetricsAnswer = z.infer<typeof nodeMetricsAnswerSchema>;

/** A time of a query. */
export const momentSchema = z
  .union(
    [z.iso.datetime({ offset: true }), z.string().regex(/^\d{1,15}$/)],
    'must be a time like 2026-01-31T12:00:00Z, or epoch milliseconds',
  )
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : Date.parse(text)));

/** The query of GET nodes/:id/metrics: all of it may be left out. `step` in seconds; without it, or 0, the finest that gives a drawable number of points. */
export const nodeMetricsQuerySchema = z.object({
  from: momentSchema.optional(),
  to: momentSchema.optional(),
  step: z.coerce
    .number('must be a number of seconds')
    .int('must be a whole number of seconds')
    .min(0, 'must be 0 seconds or more')
    .max(86_400, 'must be 86400 seconds or less')
    .optional(),
  /** names divided by commas; all of them unless said */
  series: z
    .string()
    .max(400)
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(SERIES, `must be names of: ${SERIES.join(', ')}`)))
    .optional(),
  /** `delta` = the answer as nodeMetricsDeltaSchema */
  encoding: z.enum(['plain', 'delta'], 'must be plain or delta').optional(),
  /** 1 = every raw sample of the range, 48 hours at most, whatever its number */
  full: z
    .enum(['0', '1'], 'must be 0 or 1')
    .transform((text) => text === '1')
    .optional(),
});
export type NodeMetricsQuery = z.infer<typeof nodeMetricsQuerySchema>;
