import { handle } from '../../../_http/handle.ts';

/** New ones; the earlier ones are good no more. */
export const POST = handle({ permission: 'self.write', on: 'any' }, ({ runtime, actor }) =>
  runtime.command(actor, runtime.access.accountVerbs.recoveryCodes, {}),
);
