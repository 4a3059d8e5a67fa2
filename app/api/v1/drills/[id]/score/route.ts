import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

export const GET = handle({ permission: 'drill.read', params: z.object({ id: z.string() }) }, ({ runtime, params }) =>
  runtime.drills.score(params.id),
);
