import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

/** Asks the receiver now; a refusal is an answer like any other: `ok: false`, with a sentence. */
export const POST = handle(
  { permission: 'channel.write', params: z.object({ id: z.string() }) },
  async ({ runtime, actor, params: { id } }) => {
    const answer = await runtime.notify.test(id, actor.name);
    const result = answer.ok ? ('ok' as const) : ('failed' as const);
    await runtime.audit.record({
      actor,
      action: 'channel.test',
      object: `channel:${id}`,
      result,
      after: { sentence: answer.sentence },
      at: runtime.clock.now(),
    });
    return answer;
  },
);
