import { z } from 'zod';
import { mergeInputSchema } from '#shared/incidents.ts';
import { handle } from '../../../../_http/handle.ts';

/** Takes another incident in. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', params: z.object({ id: z.string() }), body: mergeInputSchema },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.incidents.verbs.merge, { ...body, id: params.id }, { idempotencyKey }),
);
