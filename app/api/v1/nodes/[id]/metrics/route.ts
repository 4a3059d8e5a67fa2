import { z } from 'zod';
import { nodeMetricsQuerySchema } from '#shared/metrics.ts';
import { compressedJson } from '../../../../_http/compressed.ts';
import { handle } from '../../../../_http/handle.ts';

export const GET = handle(
  { permission: 'fleet.read', params: z.object({ id: z.string() }), query: nodeMetricsQuerySchema },
  async ({ runtime, params, query, request }) => compressedJson(request, await runtime.fleet.history(params.id, query)),
);
