import { z } from 'zod';
import { revokeToken } from '#server/access/index.ts';
import { handle } from '../../../_http/handle.ts';

/** A token never changes, so there is no version to match. */
export const DELETE = handle({ permission: 'token.write', params: z.object({ id: z.string() }) }, ({ runtime, actor, params }) =>
  runtime.command(actor, revokeToken, params),
);
