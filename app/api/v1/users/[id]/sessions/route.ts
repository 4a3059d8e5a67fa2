import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

const params = z.object({ id: z.string() });

export const DELETE = handle({ permission: 'user.write', params }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.access.userVerbs.endSessions, params),
);
