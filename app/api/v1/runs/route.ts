import { runInputSchema } from '#shared/runs.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'run.read' }, ({ runtime }) => runtime.runs.list());

export const POST = handle({ permission: 'run.start', body: runInputSchema, status: 201 }, ({ runtime, actor, body, idempotencyKey }) =>
  runtime.command(actor, runtime.runs.verbs.start, body, { idempotencyKey }),
);
