import { inviteInputSchema } from '#shared/account.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'user.read' }, async ({ runtime }) => ({ users: await runtime.access.users() }));

/** An account and the one-time link by which its person comes in. */
export const POST = handle({ permission: 'user.write', body: inviteInputSchema, status: 201 }, ({ runtime, actor, body, idempotencyKey }) =>
  runtime.command(actor, runtime.access.userVerbs.invite, body, { idempotencyKey }),
);
