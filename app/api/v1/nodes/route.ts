import { addNode } from '#server/nodes/index.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'fleet.read', on: 'scoped' }, async ({ runtime, scope }) => ({
  nodes: (await runtime.nodes.list()).filter(scope.only('fleet.read')),
}));

export const POST = handle(
  { permission: 'node.write', on: 'scoped', body: nodeInputSchema, status: 201 },
  ({ runtime, actor, body, idempotencyKey }) => runtime.command(actor, addNode, body, { idempotencyKey }),
);
