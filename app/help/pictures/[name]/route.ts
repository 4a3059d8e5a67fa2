import { z } from 'zod';
import { HeadroomError } from '#server/kernel/errors.ts';
import { handle } from '../../../api/_http/handle.ts';

const params = z.object({ name: z.string().max(100) });

/** A picture of a guide. */
export const GET = handle({ permission: 'self.read', on: 'any', params }, async ({ runtime, params: { name } }) => {
  const picture = await runtime.help.picture(name);
  if (picture === null) throw new HeadroomError('request.not-found', `no guide has a picture called ${JSON.stringify(name)}`);
  return new Response(picture.bytes, { headers: { 'content-type': picture.type, 'cache-control': 'private, max-age=3600' } });
});
