import { z } from 'zod';
import { handle } from '../../../../../_http/handle.ts';

const params = z.object({ id: z.string(), node: z.string() });

export const GET = handle({ permission: 'run.read', params }, ({ runtime, params: { id, node } }) => runtime.runs.target(id, node));
