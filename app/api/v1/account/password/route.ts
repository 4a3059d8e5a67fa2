import { assertFreshFactor } from '#server/kernel/fresh-factor.ts';
import { passwordInputSchema } from '#shared/account.ts';
import { handle } from '../../../_http/handle.ts';
import { remoteOf } from '../../../_http/remote.ts';

/** Asks the present one; every other session of the person ends. */
export const POST = handle(
  { permission: 'self.write', on: 'any', body: passwordInputSchema },
  async ({ runtime, actor, body, request }) => {
    const { access, clock } = runtime;
    assertFreshFactor(actor, clock.now(), 'account.password');
    await access.assertPassword(actor, body.current, remoteOf(request));
    return runtime.command(actor, access.accountVerbs.changePassword, { hash: await access.hashPassword(body.next) });
  },
);
