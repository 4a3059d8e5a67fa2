import { z } from 'zod';
import { splitInputSchema } from '#shared/incidents.ts';
import { handle } from '../../../../_http/handle.ts';

/** Some of its nodes have another cause: they get an incident of their own, which is the answer. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', params: z.object({ id: z.string() }), body: splitInputSchema },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.incidents.verbs.split, { ...body, id: params.id }, { idempotencyKey }),
);
