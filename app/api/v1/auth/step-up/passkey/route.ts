import { passkeyProofSchema } from '#shared/account.ts';
import { handle } from '../../../../_http/handle.ts';
import { remoteOf } from '../../../../_http/remote.ts';

export const POST = handle(
  { permission: 'self.write', on: 'any', body: passkeyProofSchema, status: 204 },
  async ({ runtime, actor, body, request }) => {
    await runtime.access.stepUpByPasskey(actor, body, request.headers, remoteOf(request));
    return new Response(null, { status: 204 });
  },
);
