import { z } from 'zod';
import { handle } from '../../../_http/handle.ts';

export const GET = handle({ permission: 'run.read', on: 'run', params: z.object({ id: z.string() }) }, async ({ runtime, scope, params }) =>
  runtime.runs.narrow(await runtime.runs.get(params.id), await scope.visible('run.read')),
);
