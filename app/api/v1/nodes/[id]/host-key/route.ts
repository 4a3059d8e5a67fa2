import { z } from 'zod';
import { pinHostKey } from '#server/ssh/index.ts';
import { handle } from '../../../../_http/handle.ts';

const params = z.object({ id: z.string() });
const body = pinHostKey.input.omit({ id: true });

/** The pinned key, and the one that the node offered when it was another. */
export const GET = handle({ permission: 'fleet.read', on: 'node', params }, async ({ runtime, params: { id } }) => {
  const node = await runtime.nodes.get(id);
  return runtime.ssh.hostKey(node.id);
});

export const POST = handle(
  { permission: 'node.host-key', on: 'node', params, body },
  ({ runtime, actor, params: { id }, body, idempotencyKey }) =>
    runtime.command(actor, pinHostKey, { id, ...body }, idempotencyKey === undefined ? {} : { idempotencyKey }),
);
