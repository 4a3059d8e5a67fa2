import { z } from 'zod';
import { importNodes, previewImport } from '#server/nodes/index.ts';
import { importRequestSchema } from '#shared/node-import.ts';
import { handle } from '../../../_http/handle.ts';

const query = z.object({ dryRun: z.enum(['', '1', 'true', '0', 'false'], 'must be 1 or 0').optional() });

/** `?dryRun` looks only: what would be added and changed, and what is in the way. */
export const POST = handle({ permission: 'node.write', query, body: importRequestSchema }, async (asked) => {
  const { runtime, actor, body, idempotencyKey } = asked;
  const only = asked.query.dryRun !== undefined && !['0', 'false'].includes(asked.query.dryRun);
  if (only) return previewImport(body, await runtime.nodes.list());
  return runtime.command(actor, importNodes, body, { idempotencyKey });
});
