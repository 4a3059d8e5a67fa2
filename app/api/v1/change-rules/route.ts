import { changeRuleInputSchema } from '#shared/change-rules.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'run.read', on: 'any' }, async ({ runtime }) => ({ rules: await runtime.runs.changeRules() }));

export const POST = handle(
  { permission: 'rule.write', body: changeRuleInputSchema, status: 201 },
  ({ runtime, actor, body, idempotencyKey }) => runtime.command(actor, runtime.runs.verbs.addChangeRule, body, { idempotencyKey }),
);
