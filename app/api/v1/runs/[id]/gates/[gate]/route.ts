import { z } from 'zod';
import { gateAnswerSchema } from '#shared/runs.ts';
import { handle } from '../../../../../_http/handle.ts';

export const POST = handle(
  { permission: 'run.control', on: 'run', params: z.object({ id: z.string(), gate: z.string() }), body: gateAnswerSchema },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.runs.verbs.answerGate, { ...params, ...body }, { idempotencyKey }),
);
