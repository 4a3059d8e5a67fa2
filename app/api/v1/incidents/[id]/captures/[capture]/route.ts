import { z } from 'zod';
import { handle } from '../../../../../_http/handle.ts';

/** The file itself, as it was kept. It holds config.yaml, so it takes the permission to read that. */
export const GET = handle(
  { permission: 'config.read', on: 'scoped', params: z.object({ id: z.string(), capture: z.string() }) },
  async ({ runtime, params, scope }) => {
    const { head, bundle } = await runtime.incidents.captures.get(params.capture);
    // of a node that was removed only who sees every node has it
    if (!scope.everywhere('config.read')) await scope.node('config.read', head.nodeId);
    const name = `headroom-${head.nodeName}-${head.at.slice(0, 19).replace(/[:T]/g, '')}.json`;
    return new Response(bundle, {
      headers: {
        'content-type': 'application/json',
        'content-disposition': `attachment; filename="${name}"`,
        'cache-control': 'no-store',
        'x-content-sha256': head.sha256,
      },
    });
  },
);
