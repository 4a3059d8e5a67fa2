import { z } from 'zod';
import { HeadroomError } from '#server/kernel/errors.ts';
import { adoptConfig } from '#server/nodes/index.ts';
import { handle } from '../../../../../_http/handle.ts';

const params = z.object({ id: z.string() });
const body = z.object({ sha256: z.string().max(64) });

/** config.yaml as it lies on the node becomes what was agreed, if it is still the file that the person saw. */
export const POST = handle(
  { permission: 'node.write', on: 'node', params, body },
  async ({ runtime, actor, params: { id }, body: { sha256 }, idempotencyKey }) => {
    const now = await runtime.configFiles.read(id);
    if (now.sha256 !== sha256)
      throw new HeadroomError(
        'config.changed',
        `${now.path} is ${now.sha256.slice(0, 12)} by now, not ${sha256.slice(0, 12)}: look at it again.`,
      );
    return runtime.command(actor, adoptConfig, { id, sha256 }, { idempotencyKey });
  },
);
