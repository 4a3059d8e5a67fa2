import { handle } from '../../../_http/handle.ts';

export const POST = handle({ permission: 'self.read', on: 'any' }, async ({ runtime, actor, request }) => {
  const response = new Response(null, { status: 204 });
  if (actor.kind !== 'user') return response;
  for (const cookie of await runtime.access.signOut(actor, request.headers)) response.headers.append('set-cookie', cookie);
  return response;
});
