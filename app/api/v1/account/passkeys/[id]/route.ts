import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

export const DELETE = handle({ permission: 'self.write', on: 'any', params: z.object({ id: z.string() }) }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.access.accountVerbs.removePasskey, params),
);
