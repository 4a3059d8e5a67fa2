import { z } from 'zod';
import { auditPageSchema } from '#shared/audit.ts';
import { toInstant } from '#shared/time.ts';
import { handle } from '../../_http/handle.ts';

const query = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  before: z.coerce.number().int().min(1).optional(),
});

/** Newest first. `next` is the `before` of the next page; null on the last one. */
export const GET = handle({ permission: 'audit.read', query }, async ({ runtime, query: { limit, before } }) => {
  const rows = await runtime.audit.list({ limit, before });
  const last = rows.length === limit ? rows.at(-1)?.seq : undefined;
  const entries = rows.map(({ actorKind, actorId, actorName, ...row }) => ({
    ...row,
    at: toInstant(row.at),
    actor: { kind: actorKind, id: actorId, name: actorName },
    before: row.before === null ? null : JSON.parse(row.before),
    after: row.after === null ? null : JSON.parse(row.after),
  }));
  return auditPageSchema.parse({ entries, next: last ?? null });
});
