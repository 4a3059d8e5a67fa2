import { z } from 'zod';
import { nodeMetricsQuerySchema } from '#shared/metrics.ts';
import { handle } from '../../../../_http/handle.ts';

export const GET = handle(
  { permission: 'fleet.read', params: z.object({ id: z.string() }), query: nodeMetricsQuerySchema },
  ({ runtime, params, query }) => runtime.fleet.history(params.id, query),
);
