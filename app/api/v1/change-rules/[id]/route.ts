import { z } from 'zod';
import { handle } from '../../../_http/handle.ts';

export const DELETE = handle({ permission: 'rule.write', params: z.object({ id: z.string() }) }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.runs.verbs.removeChangeRule, params),
);
