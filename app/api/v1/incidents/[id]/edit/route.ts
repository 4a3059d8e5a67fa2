import { z } from 'zod';
import { incidentEditSchema } from '#shared/incidents.ts';
import { handle } from '../../../../_http/handle.ts';

/** Title, severity, owner. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', params: z.object({ id: z.string() }), body: incidentEditSchema },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.incidents.verbs.edit, { ...body, id: params.id }, { idempotencyKey }),
);
