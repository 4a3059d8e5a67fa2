import { z } from 'zod';
import { changeGrant, removeGrant } from '#server/access/index.ts';
import { grantInputSchema } from '#shared/access.ts';
import { handle } from '../../../_http/handle.ts';

const params = z.object({ id: z.string().min(1).max(80) });

export const PUT = handle({ permission: 'user.write', params, body: grantInputSchema }, ({ runtime, actor, params: { id }, body }) =>
  runtime.command(actor, changeGrant, { ...body, id }),
);

export const DELETE = handle({ permission: 'user.write', params }, ({ runtime, actor, params }) =>
  runtime.command(actor, removeGrant, params),
);
