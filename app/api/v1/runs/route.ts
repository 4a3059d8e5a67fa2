import { runInputSchema } from '#shared/runs.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'run.read', on: 'scoped' }, async ({ runtime, scope }) => {
  if (scope.everywhere('run.read')) return runtime.runs.list();
  const seen = (await runtime.nodes.list()).filter(scope.only('run.read')).map(({ id }) => id);
  return runtime.runs.list(seen);
});

export const POST = handle(
  { permission: 'run.start', on: 'scoped', body: runInputSchema, status: 201 },
  ({ runtime, actor, body, idempotencyKey }) => runtime.command(actor, runtime.runs.verbs.start, body, { idempotencyKey }),
);
