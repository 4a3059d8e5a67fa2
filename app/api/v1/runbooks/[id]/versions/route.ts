import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

export const GET = handle({ permission: 'runbook.read', on: 'any', params: z.object({ id: z.string() }) }, async ({ runtime, params }) => ({
  versions: await runtime.runbookVersions(params.id),
}));
