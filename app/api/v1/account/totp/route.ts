import { handle } from '../../../_http/handle.ts';

/** A new secret for an authenticator app, which counts once a code of it was shown. */
export const POST = handle({ permission: 'self.write', on: 'any' }, ({ runtime, actor }) =>
  runtime.command(actor, runtime.access.accountVerbs.beginTotp, {}),
);

export const DELETE = handle({ permission: 'self.write', on: 'any' }, ({ runtime, actor }) =>
  runtime.command(actor, runtime.access.accountVerbs.removeTotp, {}),
);
