import { alertmanagerApi } from '#server/notify/index.ts';
import { handle } from '../../_http/handle.ts';

/** Alertmanager's GET /api/v2/receivers: the channels. */
export const GET = handle({ permission: 'alert.read', on: 'any', errors: 'alertmanager' }, async ({ runtime }) =>
  alertmanagerApi.receiverNames(await runtime.notify.channels()),
);
