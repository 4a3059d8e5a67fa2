import { passkeyProofSchema } from '#shared/account.ts';
import { handle } from '../../../_http/handle.ts';
import { remoteOf } from '../../../_http/remote.ts';
import { sessionAnswer } from '../../../_http/session-answer.ts';

export const POST = handle({ permission: 'public', body: passkeyProofSchema }, async ({ runtime, body, request }) =>
  sessionAnswer(runtime, await runtime.access.signInByPasskey(body, request.headers, remoteOf(request))),
);
