import { changePreviewInputSchema } from '#shared/changes.ts';
import { handle } from '../../../_http/handle.ts';

/** What exactly would change in config.yaml on each matched node. Reads only. */
export const POST = handle(
  { permission: 'config.read', on: 'scoped', body: changePreviewInputSchema },
  ({ runtime, scope, body: { selector, pool } }) => runtime.configFiles.preview(selector, pool, scope.only('config.read')),
);
