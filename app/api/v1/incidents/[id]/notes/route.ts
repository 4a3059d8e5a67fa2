import { z } from 'zod';
import { noteInputSchema } from '#shared/incidents.ts';
import { handle } from '../../../../_http/handle.ts';

/** A note on the timeline: Markdown, kept and shown as text. */
export const POST = handle(
  { permission: 'incident.write', on: 'scoped', params: z.object({ id: z.string() }), body: noteInputSchema },
  ({ runtime, actor, params, body, idempotencyKey }) =>
    runtime.command(actor, runtime.incidents.verbs.note, { ...body, id: params.id }, { idempotencyKey }),
);
