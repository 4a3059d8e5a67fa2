import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

export const POST = handle(
  { permission: 'run.control', on: 'run', params: z.object({ id: z.string() }) },
  ({ runtime, actor, params, idempotencyKey }) => runtime.command(actor, runtime.runs.verbs.abortRun, params, { idempotencyKey }),
);
