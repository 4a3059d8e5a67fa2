import { z } from 'zod';
import { ruleInputSchema } from '#shared/alert-rules.ts';
import { handle } from '../../../_http/handle.ts';
import { ifMatch } from '../../../_http/if-match.ts';

/** If-Match is the version that GET alert-rules gave: "0" of a rule that nobody has set yet. */
export const PUT = handle(
  { permission: 'alert.write', params: z.object({ rule: z.string() }), body: ruleInputSchema },
  ({ runtime, actor, params: { rule }, body, request }) =>
    runtime.command(actor, runtime.notify.verbs.setRule, { ...body, rule, version: ifMatch(request) }),
);
