import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

/** One that was given up is tried again; one that waits is tried now. */
export const POST = handle({ permission: 'alert.write', params: z.object({ id: z.string() }) }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.notify.verbs.retryDelivery, params),
);
