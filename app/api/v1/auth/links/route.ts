import { linkTokenSchema } from '#shared/account.ts';
import { handle } from '../../../_http/handle.ts';
import { remoteOf } from '../../../_http/remote.ts';

/** What a one-time link is for. By POST, because what it names is a secret. */
export const POST = handle({ permission: 'public', body: linkTokenSchema }, ({ runtime, body, request }) =>
  runtime.access.link.look(body.token, remoteOf(request)),
);
