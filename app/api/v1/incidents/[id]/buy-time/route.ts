import { z } from 'zod';
import { buyTimeInputSchema } from '#shared/incidents.ts';
import { handle } from '../../../../_http/handle.ts';
import { assertReadable } from '../_readable.ts';

const params = z.object({ id: z.string() });
const query = z.object({ limit: z.coerce.number('must be a number of files').int().min(1024).max(1_048_576).default(65_536) });

/** What a higher limit of the running process would buy each node, by its slope. Asks the nodes for their limits; changes nothing. */
export const GET = handle({ permission: 'incident.read', on: 'scoped', params, query }, async (asked) => {
  const seen = await assertReadable(asked, asked.params.id);
  const { limit } = asked.query;
  return { limit, offers: await asked.runtime.incidents.offers(asked.params.id, limit, seen.has) };
});

/** Starts the run that raises the limits, and remembers to look again. */
export const POST = handle({ permission: 'run.start', on: 'scoped', params, body: buyTimeInputSchema, status: 201 }, async (asked) => {
  const { runtime, actor, params, body, scope, idempotencyKey } = asked;
  await assertReadable(asked, params.id);
  const { nodeIds, limit, keep, remindMinutes = null } = body;
  const nodes = await Promise.all(nodeIds.map((nodeId) => scope.node('run.start', nodeId)));
  const input = {
    runbook: 'buy-time',
    selector: `name=${nodes.map(({ name }) => name).join(',')}`,
    strategy: { batches: ['100%'], gates: 'auto' },
    params: { limit, keep },
  };
  const run = await runtime.command(actor, runtime.runs.verbs.start, input, { idempotencyKey });
  await runtime.command(actor, runtime.incidents.verbs.expectBought, {
    incidentId: params.id,
    runId: run.id,
    nodeIds,
    limit,
    remindMinutes,
  });
  return run;
});
