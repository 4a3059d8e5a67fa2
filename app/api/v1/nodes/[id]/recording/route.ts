import { z } from 'zod';
import { replayQuerySchema } from '#shared/recordings.ts';
import { handle } from '../../../../_http/handle.ts';

/** A stretch of a node's samples as a file that can be replayed anywhere. */
export const GET = handle(
  { permission: 'fleet.read', on: 'node', params: z.object({ id: z.string() }), query: replayQuerySchema.omit({ node: true }) },
  async ({ runtime, params, query }) => {
    const node = await runtime.nodes.get(params.id);
    const recording = await runtime.drills.replays.record(node, query);
    return new Response(JSON.stringify(recording), {
      headers: { 'content-type': 'application/json', 'content-disposition': `attachment; filename="${node.name}.recording.json"` },
    });
  },
);
