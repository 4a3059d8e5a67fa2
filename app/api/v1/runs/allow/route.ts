import { handle } from '../../../_http/handle.ts';

export const POST = handle({ permission: 'run.control' }, ({ runtime, actor, idempotencyKey }) =>
  runtime.command(actor, runtime.runs.verbs.allowRuns, {}, { idempotencyKey }),
);
