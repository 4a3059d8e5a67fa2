import { z } from 'zod';
import { captureInputSchema } from '#shared/incidents.ts';
import { handle } from '../../../../_http/handle.ts';
import { assertReadable } from '../_readable.ts';

/** Keeps what a restart would destroy, now: X-ray, sockets, journal, status, config and metrics of a node, in one file. Changes nothing on it. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', params: z.object({ id: z.string() }), body: captureInputSchema, status: 201 },
  async (asked) => {
    const { runtime, actor, params, body, scope, idempotencyKey } = asked;
    await assertReadable(asked, params.id);
    await scope.node('incident.write', body.nodeId);
    const verb = await runtime.incidents.captures.take(body.nodeId);
    return runtime.command(actor, verb, { nodeId: body.nodeId, incidentId: params.id }, { idempotencyKey });
  },
);
