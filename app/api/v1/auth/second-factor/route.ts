import { codeInputSchema } from '#shared/account.ts';
import { handle } from '../../../_http/handle.ts';
import { remoteOf } from '../../../_http/remote.ts';
import { sessionAnswer } from '../../../_http/session-answer.ts';

/** After the password: a code of the app, or a recovery code. */
export const POST = handle({ permission: 'public', body: codeInputSchema }, async ({ runtime, body, request }) =>
  sessionAnswer(runtime, await runtime.access.secondFactor(body.code, request.headers, remoteOf(request))),
);
