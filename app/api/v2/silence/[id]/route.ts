import { z } from 'zod';
import { HeadroomError } from '#server/kernel/errors.ts';
import { alertmanagerApi } from '#server/notify/index.ts';
import { handle } from '../../../_http/handle.ts';
import { visibleSilences } from '../../../_http/visible-silences.ts';

const params = z.object({ id: z.string() });

export const GET = handle(
  { permission: 'alert.read', on: 'scoped', errors: 'alertmanager', params },
  async ({ runtime, scope, params: { id } }) => {
    const [silence] = await visibleSilences(runtime, scope, [await runtime.notify.silence(id)]);
    if (!silence) throw new HeadroomError('silence.not-found', `There is no silence ${JSON.stringify(id.slice(0, 64))}.`);
    return alertmanagerApi.gettableSilence(silence);
  },
);

/** Ends it now. */
export const DELETE = handle(
  { permission: 'silence.write', on: 'scoped', errors: 'alertmanager', params },
  async ({ runtime, actor, params }) => {
    await runtime.command(actor, runtime.notify.verbs.expireSilence, params);
    return new Response(null, { status: 200 });
  },
);
