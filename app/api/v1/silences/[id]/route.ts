import { z } from 'zod';
import { momentSchema } from '#shared/metrics.ts';
import { handle } from '../../../_http/handle.ts';

const params = z.object({ id: z.string() });
const body = z.object({ endsAt: momentSchema, reason: z.string().trim().min(1).max(500).optional() });

/** Another end, another reason. */
export const PUT = handle({ permission: 'silence.write', on: 'scoped', params, body }, ({ runtime, actor, params, body }) =>
  runtime.command(actor, runtime.notify.verbs.editSilence, { ...body, ...params }),
);

/** Ends it now; it stays in the list of those that are over. */
export const DELETE = handle({ permission: 'silence.write', on: 'scoped', params }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.notify.verbs.expireSilence, params),
);
