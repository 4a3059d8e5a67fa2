import { z } from 'zod';
import { handle } from '../../../../../_http/handle.ts';

const params = z.object({ id: z.string() });

/** config.yaml as it was before each run that kept it on the node, and who may have changed it since. */
export const GET = handle({ permission: 'config.read', on: 'node', params }, ({ runtime, params: { id } }) =>
  runtime.configFiles.history(id),
);
