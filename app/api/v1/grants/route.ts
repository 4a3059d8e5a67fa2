import { z } from 'zod';
import { addGrant } from '#server/access/index.ts';
import { grantInputSchema } from '#shared/access.ts';
import { handle } from '../../_http/handle.ts';

/** Who may what, and where: of every person the grant that came with the account, and those beside it. */
export const GET = handle({ permission: 'user.read' }, async ({ runtime }) => ({ grants: await runtime.access.grants() }));

const body = grantInputSchema.extend({ userId: z.string().min(1).max(64) });

export const POST = handle({ permission: 'user.write', body, status: 201 }, ({ runtime, actor, body, idempotencyKey }) =>
  runtime.command(actor, addGrant, body, { idempotencyKey }),
);
