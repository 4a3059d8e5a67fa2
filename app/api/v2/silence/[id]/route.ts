import { z } from 'zod';
import { alertmanagerApi } from '#server/notify/index.ts';
import { handle } from '../../../_http/handle.ts';

const params = z.object({ id: z.string() });

export const GET = handle({ permission: 'alert.read', on: 'any', params }, async ({ runtime, params: { id } }) =>
  alertmanagerApi.gettableSilence(await runtime.notify.silence(id)),
);

/** Ends it now. */
export const DELETE = handle({ permission: 'silence.write', on: 'scoped', params }, async ({ runtime, actor, params }) => {
  await runtime.command(actor, runtime.notify.verbs.expireSilence, params);
  return new Response(null, { status: 200 });
});
