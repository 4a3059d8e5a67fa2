import { z } from 'zod';
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

/** GET audit?limit&before, newest first */
export const auditPageSchema = z.object({ entries: z.array(auditEntrySchema), next: z.number().int().nullable() });
