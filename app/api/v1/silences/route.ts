import { silenceInputSchema } from '#shared/silences.ts';
import { handle } from '../../_http/handle.ts';
import { visibleSilences } from '../../_http/visible-silences.ts';

export const GET = handle({ permission: 'alert.read', on: 'scoped' }, async ({ runtime, scope }) => ({
  silences: await visibleSilences(runtime, scope, await runtime.notify.silences()),
}));

export const POST = handle(
  { permission: 'silence.write', on: 'scoped', body: silenceInputSchema, status: 201 },
  ({ runtime, actor, body, idempotencyKey }) => runtime.command(actor, runtime.notify.verbs.addSilence, body, { idempotencyKey }),
);
