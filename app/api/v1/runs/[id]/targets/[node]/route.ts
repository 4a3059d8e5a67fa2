import { z } from 'zod';
import { handle } from '../../../../../_http/handle.ts';

const params = z.object({ id: z.string(), node: z.string() });

export const GET = handle({ permission: 'run.read', on: 'run', params }, async ({ runtime, scope, params: { id, node } }) => {
  const target = await runtime.runs.target(id, node);
  if (!(await scope.visible('run.read')).has(node)) await scope.node('run.read', node);
  return target;
});
