import { accountInputSchema } from '#shared/account.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'self.read', on: 'any' }, ({ runtime, actor, request }) =>
  runtime.access.account(actor, request.headers),
);

export const PATCH = handle({ permission: 'self.write', on: 'any', body: accountInputSchema }, ({ runtime, actor, body }) =>
  runtime.command(actor, runtime.access.accountVerbs.rename, body),
);
