import { runbookTextSchema } from '#shared/runbooks.ts';
import { handle } from '../../_http/handle.ts';

/** The operators' folder is looked at anew for everyone who asks. */
export const GET = handle({ permission: 'runbook.read', on: 'any' }, async ({ runtime }) => {
  await runtime.runbooks.refresh();
  const runbooks = runtime.runbooks.list().map(({ text: _text, steps, ...head }) => ({ ...head, stepCount: steps.length }));
  return { runbooks, problems: runtime.runbooks.problems() };
});

export const POST = handle(
  { permission: 'runbook.write', body: runbookTextSchema, status: 201 },
  async ({ runtime, actor, body, idempotencyKey }) => {
    const saved = await runtime.command(actor, runtime.runbookVerbs.save, body, { idempotencyKey });
    await runtime.runbooks.refresh();
    return saved;
  },
);
