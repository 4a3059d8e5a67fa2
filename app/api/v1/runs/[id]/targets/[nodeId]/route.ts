import { z } from 'zod';
import { handle } from '../../../../../_http/handle.ts';

const params = z.object({ id: z.string(), nodeId: z.string() });

export const GET = handle({ permission: 'run.read', params }, ({ runtime, params: { id, nodeId } }) => runtime.runs.target(id, nodeId));
