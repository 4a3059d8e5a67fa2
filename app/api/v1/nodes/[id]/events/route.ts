import { z } from 'zod';
import { nodeEventsQuerySchema } from '#shared/annotations.ts';
import { handle } from '../../../../_http/handle.ts';

/** Restarts, runs, config changes, drills, incidents, gaps and blind stretches of a node: what its charts show besides series. */
export const GET = handle(
  { permission: 'fleet.read', on: 'node', params: z.object({ id: z.string() }), query: nodeEventsQuerySchema },
  ({ runtime, params, query }) => runtime.fleet.events(params.id, query),
);
