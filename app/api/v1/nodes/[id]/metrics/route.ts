import { z } from 'zod';
import { inDifferences } from '#shared/differences.ts';
import { nodeMetricsQuerySchema } from '#shared/metrics.ts';
import { compressedJson } from '../../../../_http/compressed-json.ts';
import { handle } from '../../../../_http/handle.ts';

export const GET = handle(
  { permission: 'fleet.read', on: 'node', params: z.object({ id: z.string() }), query: nodeMetricsQuerySchema },
  async ({ runtime, params, query, request }) => {
    const answer = await runtime.fleet.history(params.id, query);
    return compressedJson(request, query.encoding === 'delta' ? inDifferences(answer) : answer);
  },
);
