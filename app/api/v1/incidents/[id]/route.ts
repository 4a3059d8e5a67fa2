import { z } from 'zod';
import { handle } from '../../../_http/handle.ts';
import { assertReadable, narrowIncident } from './_readable.ts';

export const GET = handle({ permission: 'incident.read', on: 'scoped', params: z.object({ id: z.string() }) }, async (asked) => {
  const seen = await assertReadable(asked, asked.params.id);
  return narrowIncident(await asked.runtime.incidents.get(asked.params.id), seen);
});
