import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

const params = z.object({ id: z.string() });
/** the look to compare with; the one before when not given */
const query = z.object({ since: z.string().max(64).optional() });

/** The last look at the fds of the node's process, and what grew since an earlier one. */
export const GET = handle({ permission: 'fleet.read', on: 'node', params, query }, ({ runtime, params: { id }, query: { since } }) =>
  runtime.xray.view(id, since),
);

/** Looks now. It costs the node up to a second of CPU, so it needs more than reading does. */
export const POST = handle({ permission: 'fleet.inspect', on: 'node', params, query, status: 201 }, async (asked) => {
  const { runtime, actor, params, query, idempotencyKey } = asked;
  await runtime.command(actor, await runtime.xray.look(params.id), { id: params.id }, { idempotencyKey });
  return runtime.xray.view(params.id, query.since);
});
