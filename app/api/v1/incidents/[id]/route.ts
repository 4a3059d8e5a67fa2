import { z } from 'zod';
import { handle } from '../../../_http/handle.ts';
import { assertReadable } from './_readable.ts';

export const GET = handle({ permission: 'incident.read', on: 'scoped', params: z.object({ id: z.string() }) }, async (asked) => {
  await assertReadable(asked, asked.params.id);
  return asked.runtime.incidents.get(asked.params.id);
});
