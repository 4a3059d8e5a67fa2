import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

/** Somebody looks after it; who does owns it, if nobody did. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', params: z.object({ id: z.string() }) },
  ({ runtime, actor, params, idempotencyKey }) =>
    runtime.command(actor, runtime.incidents.verbs.acknowledge, { id: params.id }, { idempotencyKey }),
);
