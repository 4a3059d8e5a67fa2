import { z } from 'zod';
import { HeadroomError } from '#server/kernel/errors.ts';
import { handle } from '../../../_http/handle.ts';

export const GET = handle({ permission: 'runbook.read', on: 'any', params: z.object({ id: z.string() }) }, ({ runtime, params }) => {
  const found = runtime.runbooks.list().find((runbook) => runbook.key === params.id);
  if (found) return found;
  throw new HeadroomError('request.not-found', `There is no runbook ${JSON.stringify(params.id.slice(0, 64))}.`);
});

export const DELETE = handle({ permission: 'runbook.write', params: z.object({ id: z.string() }) }, ({ runtime, actor, params }) =>
  runtime.command(actor, runtime.runbookVerbs.remove, { key: params.id }),
);
