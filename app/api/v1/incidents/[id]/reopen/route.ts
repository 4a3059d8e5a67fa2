import { z } from 'zod';
import { resolveInputSchema } from '#shared/incidents.ts';
import { handle } from '../../../../_http/handle.ts';

/** It is not over after all. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', params: z.object({ id: z.string() }), body: resolveInputSchema },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.incidents.verbs.reopen, { ...body, id: params.id }, { idempotencyKey }),
);
