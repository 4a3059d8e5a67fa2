import { z } from 'zod';
import { auditFilterSchema, auditPageSchema } from '#shared/audit.ts';
import { toInstant } from '#shared/time.ts';
import { handle } from '../../_http/handle.ts';
import { auditView } from './view.ts';

const query = auditFilterSchema.extend({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  before: z.coerce.number().int().min(1).optional(),
});

/** Newest first. `next` is the `before` of the next page; null on the last one. */
export const GET = handle({ permission: 'audit.read', on: 'scoped', query }, async (asked) => {
  const { limit, before, ...filter } = asked.query;
  const { rows, next } = await asked.runtime.audit.page({ limit, before, filter, view: await auditView(asked.runtime, asked.scope) });
  const entries = rows.map(({ actorKind, actorId, actorName, ...row }) => ({
    ...row,
    at: toInstant(row.at),
    actor: { kind: actorKind, id: actorId, name: actorName },
    before: row.before === null ? null : JSON.parse(row.before),
    after: row.after === null ? null : JSON.parse(row.after),
  }));
  return auditPageSchema.parse({ entries, next });
});
