import { z } from 'zod';
import { userChangeSchema } from '#shared/account.ts';
import { handle } from '../../../_http/handle.ts';

const params = z.object({ id: z.string() });

export const PATCH = handle({ permission: 'user.write', params, body: userChangeSchema }, ({ runtime, actor, params, body }) =>
  runtime.command(actor, runtime.access.userVerbs.change, { ...params, change: body }),
);

export const DELETE = handle({ permission: 'user.write', params }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.access.userVerbs.remove, params),
);
