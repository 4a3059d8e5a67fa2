import { z } from 'zod';
import { AUDIT_RESULTS } from './audit-results.ts';
import { momentSchema } from './metrics.ts';
import { instantSchema } from './time.ts';

const auditEntrySchema = z.object({
  seq: z.number().int(),
  at: instantSchema,
  actor: z.object({ kind: z.enum(['user', 'token', 'system']), id: z.string(), name: z.string() }),
  action: z.string(),
  /** what was acted on: `node:n_…`, `run:r_…`, or `-` */
  object: z.string(),
  result: z.enum(['ok', 'refused', 'failed']),
  before: z.unknown(),
  after: z.unknown(),
  prev: z.string(),
  /** sha256 over the row and `prev`, the hash of the row before */
  hash: z.string(),
});

/** Of GET audit and GET audit/export. `actor`: an id or a part of a name; `action`, `object`: how they begin; times: ISO or epoch ms. */
export const auditFilterSchema = z.object({
  actor: z.string().min(1).max(200).optional(),
  action: z.string().min(1).max(200).optional(),
  object: z.string().min(1).max(200).optional(),
  result: z.enum(AUDIT_RESULTS).optional(),
  from: momentSchema.optional(),
  to: momentSchema.optional(),
});
export type AuditFilter = z.output<typeof auditFilterSchema>;

/** GET audit/verify. `head`: `seq:hash` of the last row, to note where the console cannot write; `brokenAt`: the first row that does not follow */
export const auditStateSchema = z.object({
  rows: z.number().int(),
  head: z.string().nullable(),
  brokenAt: z.number().int().nullable(),
  problem: z.string().nullable(),
});

/** GET audit?limit&before, newest first */
export const auditPageSchema = z.object({ entries: z.array(auditEntrySchema), next: z.number().int().nullable() });
