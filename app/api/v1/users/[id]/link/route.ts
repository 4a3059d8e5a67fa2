import { z } from 'zod';
import { newLinkInputSchema } from '#shared/account.ts';
import { handle } from '../../../../_http/handle.ts';

const params = z.object({ id: z.string() });

/** A one-time link: a new invitation, a new password, or a lost second factor taken off. */
export const POST = handle(
  { permission: 'user.write', params, body: newLinkInputSchema, status: 201 },
  ({ runtime, actor, params, body }) => runtime.command(actor, runtime.access.userVerbs.link, { ...params, ...body }),
);
