import { assertFreshFactor } from '#server/kernel/fresh-factor.ts';
import { newPasskeySchema } from '#shared/account.ts';
import { handle } from '../../../_http/handle.ts';

export const POST = handle(
  { permission: 'self.write', on: 'any', body: newPasskeySchema, status: 201 },
  async ({ runtime, actor, body, request }) => {
    // before the question to the device is used up
    assertFreshFactor(actor, runtime.clock.now(), 'account.passkey-add');
    const passkey = await runtime.access.proveNewPasskey(actor, body.response, request.headers);
    return runtime.command(actor, runtime.access.accountVerbs.addPasskey, { name: body.name, passkey });
  },
);
