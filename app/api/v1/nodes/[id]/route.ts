import { z } from 'zod';
import { HeadroomError } from '#server/kernel/errors.ts';
import { removeNode, updateNode } from '#server/nodes/index.ts';
import { nodeInputSchema } from '#shared/nodes.ts';
import { handle } from '../../../_http/handle.ts';
import { etag, ifMatch } from '../../../_http/if-match.ts';

const params = z.object({ id: z.string() });

export const GET = handle({ permission: 'fleet.read', on: 'node', params }, async ({ runtime, params: { id } }) => {
  const detail = await runtime.fleet.node(id);
  return Response.json(detail, { headers: { 'cache-control': 'no-store', etag: etag(detail.member.version) } });
});

export const PUT = handle(
  { permission: 'node.write', on: 'node', params, body: nodeInputSchema },
  ({ runtime, actor, params: { id }, body, request }) => runtime.command(actor, updateNode, { id, version: ifMatch(request), node: body }),
);

/** What the body leaves out stays as it is. */
export const PATCH = handle(
  { permission: 'node.write', on: 'node', params, body: z.record(z.string(), z.unknown()) },
  async ({ runtime, actor, params: { id }, body, request }) => {
    const node = { ...(await runtime.nodes.get(id)), ...body };
    return runtime.command(actor, updateNode, { id, version: ifMatch(request), node });
  },
);

export const DELETE = handle({ permission: 'node.write', on: 'node', params }, ({ runtime, actor, params: { id }, request }) => {
  const runId = runtime.runs.activeRunOf(id);
  if (runId) throw new HeadroomError('node.busy', `the run ${runId} is changing this node: wait for its end, or abort it`);
  return runtime.command(actor, removeNode, { id, version: ifMatch(request) });
});
