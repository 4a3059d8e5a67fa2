import { createToken } from '#server/access/index.ts';
import { tokenInputSchema } from '#shared/access.ts';
import { handle } from '../../_http/handle.ts';

export const GET = handle({ permission: 'token.read' }, async ({ runtime }) => ({ tokens: await runtime.access.tokens.list() }));

export const POST = handle({ permission: 'token.write', body: tokenInputSchema, status: 201 }, ({ runtime, actor, body, idempotencyKey }) =>
  runtime.command(actor, createToken, body, { idempotencyKey }),
);
