import { declareInputSchema, incidentQuerySchema } from '#shared/incidents.ts';
import { handle } from '../../_http/handle.ts';
import { narrowHead } from './[id]/_readable.ts';

/** Open ones first, then the newest; an incident is seen with one of its nodes. */
export const GET = handle({ permission: 'incident.read', on: 'scoped', query: incidentQuerySchema }, async ({ runtime, query, scope }) => {
  const seen = await scope.visible('incident.read');
  const list = await runtime.incidents.list(query, (nodeIds) => seen.some(nodeIds));
  return { ...list, incidents: list.incidents.map((head) => narrowHead(head, seen)) };
});

/** Declared by hand: no rule found it. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', body: declareInputSchema, status: 201 },
  ({ runtime, actor, body, idempotencyKey }) => runtime.command(actor, runtime.incidents.verbs.declare, body, { idempotencyKey }),
);
