import { z } from 'zod';
import { mayOn } from '#shared/access.ts';
import { handle } from '../../../../_http/handle.ts';
import { lineStream } from './line-stream.ts';

const params = z.object({ id: z.string() });
const query = z.object({
  lines: z.coerce.number().int().min(1).max(2000).default(200),
  /** 1: go on with what is written from now on, as server-sent events */
  follow: z.enum(['0', '1']).default('0'),
});

const DAY_MS = 86_400_000;

/** The journal of the node's service: the last lines, or a stream of them. Plain text, never markup. */
export const GET = handle({ permission: 'config.read', on: 'node', params, query }, async ({ runtime, params: { id }, query, request }) => {
  const node = await runtime.nodes.get(id);
  if (query.follow === '1')
    return lineStream(
      request,
      (signal, onLine) => runtime.ops.follow(node, { lines: query.lines, signal, onLine }),
      async () => {
        const actor = await runtime.access.authenticate(request.headers);
        return actor !== null && mayOn(actor, 'config.read', await runtime.nodes.get(id));
      },
    );
  const sinceMs = runtime.clock.now() - DAY_MS;
  const { value } = await runtime.ops.journal(node, { sinceMs, lines: query.lines, timeoutMs: 8000 });
  return { unit: node.unit, lines: value.lines };
});
