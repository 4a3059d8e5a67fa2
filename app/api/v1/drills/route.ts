import { drillInputSchema } from '#shared/drills.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'drill.read' }, ({ runtime }) => runtime.drills.list());

/** The node is asked after the answer: GET drills/:id says when it runs, or why no node took it. */
export const POST = handle(
  { permission: 'drill.write', body: drillInputSchema, status: 201 },
  async ({ runtime, actor, body, idempotencyKey }) => {
    const { id } = await runtime.command(actor, await runtime.drills.startVerb(body.selector), body, { idempotencyKey });
    void runtime.drills.kick();
    return runtime.drills.get(id);
  },
);
