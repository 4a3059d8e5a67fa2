import { z } from 'zod';
import { handle } from '../../../../../../_http/handle.ts';

const params = z.object({ id: z.string(), run: z.string().regex(/^[A-Za-z0-9_]{1,64}$/, 'the id of a run') });

/** config.yaml as it was before that run, and as it is now. */
export const GET = handle({ permission: 'config.read', on: 'node', params }, ({ runtime, params: { id, run } }) =>
  runtime.configFiles.kept(id, run),
);
