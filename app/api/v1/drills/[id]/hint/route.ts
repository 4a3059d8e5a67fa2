import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

export const POST = handle(
  { permission: 'drill.write', params: z.object({ id: z.string() }) },
  async ({ runtime, actor, params, idempotencyKey }) => {
    await runtime.command(actor, runtime.drills.verbs.hint, params, { idempotencyKey });
    await runtime.drills.kick();
    return runtime.drills.get(params.id);
  },
);
