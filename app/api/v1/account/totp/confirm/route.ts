import { codeInputSchema } from '#shared/account.ts';
import { handle } from '../../../../_http/handle.ts';

export const POST = handle({ permission: 'self.write', on: 'any', body: codeInputSchema }, ({ runtime, actor, body }) =>
  runtime.command(actor, runtime.access.accountVerbs.confirmTotp, body),
);
