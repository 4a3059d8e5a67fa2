import { z } from 'zod';
import { reasonSchema } from '#shared/runs.ts';
import { handle } from '../../../../_http/handle.ts';

export const POST = handle(
  { permission: 'run.start', on: 'run', params: z.object({ id: z.string() }), body: reasonSchema.partial(), status: 201 },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.runs.verbs.rollBack, { ...params, ...body }, { idempotencyKey }),
);
