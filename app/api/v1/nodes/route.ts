import { addNode } from '#server/nodes/index.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read' }, async ({ runtime }) => ({ nodes: await runtime.nodes.list() }));

export const POST = handle({ permission: 'node.write', body: nodeInputSchema, status: 201 }, ({ runtime, actor, body, idempotencyKey }) =>
  runtime.command(actor, addNode, body, { idempotencyKey }),
);
