import { z } from 'zod';
import { handle } from '../../../../_http/handle.ts';
import { assertReadable } from '../_readable.ts';

const query = z.object({ charts: z.enum(['inside', 'files'], 'must be inside or files').default('inside') });

/** Markdown with its charts inside; `charts=files`: JSON of the document and each chart as a file of its own. */
export const GET = handle({ permission: 'incident.read', on: 'scoped', params: z.object({ id: z.string() }), query }, async (asked) => {
  await assertReadable(asked, asked.params.id, 'all');
  const { name, files } = await asked.runtime.incidents.postmortem(asked.params.id, asked.query.charts);
  if (asked.query.charts === 'files') return { name, files };
  return new Response(files['postmortem.md'] ?? '', {
    headers: {
      'content-type': 'text/markdown; charset=utf-8',
      'content-disposition': `attachment; filename="${name}-postmortem.md"`,
      'cache-control': 'no-store',
    },
  });
});
