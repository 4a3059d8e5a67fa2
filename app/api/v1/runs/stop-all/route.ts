import { reasonSchema } from '#shared/runs.ts';
import { handle } from '../../../_http/handle.ts';

export const POST = handle({ permission: 'run.control', body: reasonSchema }, ({ runtime, actor, body, idempotencyKey }) =>
  runtime.command(actor, runtime.runs.verbs.stopAllRuns, body, { idempotencyKey }),
);
