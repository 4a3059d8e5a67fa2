import { z } from 'zod';
import { runName } from '#shared/run-name.ts';
import { handle } from '../../../../_http/handle.ts';

const query = z.object({ format: z.enum(['bundle', 'postmortem']).default('bundle') });

export const GET = handle(
  { permission: 'run.read', on: 'run', params: z.object({ id: z.string() }), query },
  async ({ runtime, actor, scope, params, query: { format } }) => {
    // Signed as a whole, so it takes all of its nodes.
    await scope.run('run.read', params.id, 'all');
    const name = `headroom-${runName(params.id).replace(/[^A-Za-z0-9-]/g, '')}`;
    if (format === 'postmortem')
      return download(await runtime.runs.draftPostmortem(params.id), 'text/markdown; charset=utf-8', `${name}-postmortem.md`);
    return download(await runtime.runs.exportEvidence(params.id, actor.name), 'application/json', `${name}-evidence.json`);
  },
);

const download = (body: string, type: string, name: string): Response =>
  new Response(body, {
    headers: { 'content-type': type, 'content-disposition': `attachment; filename="${name}"`, 'cache-control': 'no-store' },
  });
