import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';

const params = z.object({ id: z.string() });

/** What works between the console and the node, and what is missing. Changes nothing on the node. */
export const POST = handle({ permission: 'node.write', on: 'node', params }, async ({ runtime, params: { id } }) =>
  runtime.ops.selfTest(await runtime.nodes.get(id)),
);
