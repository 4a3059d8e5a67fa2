import { z } from 'zod';
import { handle } from '../../../_http/handle.ts';

export const GET = handle({ permission: 'run.read', params: z.object({ id: z.string() }) }, ({ runtime, params }) =>
  runtime.runs.get(params.id),
);
