import { z } from 'zod';
import { skipInputSchema } from '#shared/runs.ts';
import { handle } from '../../../../_http/handle.ts';

export const POST = handle(
  { permission: 'run.control', on: 'run', params: z.object({ id: z.string() }), body: skipInputSchema },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.runs.verbs.skipInRun, { ...params, ...body }, { idempotencyKey }),
);
