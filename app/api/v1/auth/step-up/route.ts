import { codeInputSchema } from '#shared/account.ts';
import { handle } from '../../../_http/handle.ts';
import { remoteOf } from '../../../_http/remote.ts';

/** The second factor again: what needs it fresh may be asked for the next ten minutes. */
export const POST = handle(
  { permission: 'self.write', on: 'any', body: codeInputSchema, status: 204 },
  async ({ runtime, actor, body, request }) => {
    await runtime.access.stepUp(actor, body.code, remoteOf(request));
    return new Response(null, { status: 204 });
  },
);
