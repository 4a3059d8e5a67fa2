import { z } from 'zod';
import { narrowRun } from '#server/runs/index.ts';
import { handle } from '../../../_http/handle.ts';

export const GET = handle({ permission: 'run.read', on: 'run', params: z.object({ id: z.string() }) }, async ({ runtime, scope, params }) =>
  narrowRun(await runtime.runs.get(params.id), await scope.visible('run.read')),
);
