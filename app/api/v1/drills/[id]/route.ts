import { z } from 'zod';
import { handle } from '../../../_http/handle.ts';

/** Which node and what it is are in it only once it has ended. */
export const GET = handle({ permission: 'drill.read', params: z.object({ id: z.string() }) }, ({ runtime, params }) =>
  runtime.drills.get(params.id),
);
