import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

const params = z.object({ id: z.string() });

/** config.yaml as it is on the node now, with what is wrong in it. */
export const GET = handle({ permission: 'config.read', on: 'node', params }, ({ runtime, params: { id } }) => runtime.configFiles.read(id));
