import { channelInputSchema, maskTarget } from '#shared/notify.ts';
import { handle } from '../../_http/handle.ts';

/** Where a channel leads may be a secret of its own (some receivers put the key into the path): only who may change it sees the whole of it. */
export const GET = handle({ permission: 'alert.read' }, async ({ runtime, scope }) => {
  const channels = await runtime.notify.channels();
  return { channels: scope.everywhere('channel.write') ? channels : channels.map((c) => ({ ...c, target: maskTarget(c.target) })) };
});

export const POST = handle(
  { permission: 'channel.write', body: channelInputSchema, status: 201 },
  ({ runtime, actor, body, idempotencyKey }) => runtime.command(actor, runtime.notify.verbs.channels.add, body, { idempotencyKey }),
);
