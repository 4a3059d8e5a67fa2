import { setupInputSchema } from '#shared/access.ts';
import { handle } from '../../_http/handle.ts';
import { remoteOf } from '../../_http/remote.ts';
import { sessionAnswer } from '../../_http/session-answer.ts';

export const GET = handle({ permission: 'public' }, ({ runtime }) => ({ open: runtime.access.setupIsOpen() }));

export const POST = handle({ permission: 'public', body: setupInputSchema }, async ({ runtime, body, request }) =>
  sessionAnswer(runtime, await runtime.access.completeSetup(body, request.headers, remoteOf(request))),
);
