import { z } from 'zod';
import { channelInputSchema } from '#shared/notify.ts';
import { handle } from '../../../_http/handle.ts';
import { ifMatch } from '../../../_http/if-match.ts';

const params = z.object({ id: z.string() });

/** Left out, the secret that is kept stays: unless the channel leads to another receiver now. */
export const PUT = handle(
  { permission: 'channel.write', params, body: channelInputSchema },
  ({ runtime, actor, params: { id }, body, request }) =>
    runtime.command(actor, runtime.notify.verbs.channels.edit, { ...body, id, version: ifMatch(request) }),
);

export const DELETE = handle({ permission: 'channel.write', params }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.notify.verbs.channels.remove, params),
);
