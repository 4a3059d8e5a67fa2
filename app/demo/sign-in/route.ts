import { z } from 'zod';
import { handle } from '#app/api/_http/handle.ts';
import { remoteOf } from '#app/api/_http/remote.ts';

export const GET = handle({ permission: 'public', query: z.object({ key: z.string().max(200) }) }, async ({ runtime, query, request }) => {
  const { cookies } = await runtime.access.signInToDemo(query.key, request.headers, remoteOf(request));
  const response = new Response(null, { status: 303, headers: { location: '/', 'cache-control': 'no-store' } });
  for (const cookie of cookies) response.headers.append('set-cookie', cookie);
  return response;
});
