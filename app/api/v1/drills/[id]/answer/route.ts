import { z } from 'zod';
import { drillAnswerInputSchema } from '#shared/drills.ts';
import { handle } from '../../../../_http/handle.ts';

export const POST = handle(
  { permission: 'drill.write', params: z.object({ id: z.string() }), body: drillAnswerInputSchema },
  async ({ runtime, actor, params, body, idempotencyKey }) => {
    await runtime.command(actor, runtime.drills.verbs.answer, { ...params, ...body }, { idempotencyKey });
    return runtime.drills.get(params.id);
  },
);
