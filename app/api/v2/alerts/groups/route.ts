import { alertQuery } from '#app/api/_http/alert-query.ts';
import { alertmanagerApi } from '#server/notify/index.ts';
import { handle } from '../../../_http/handle.ts';

/** Alertmanager's GET /api/v2/alerts/groups: a group is an incident. */
export const GET = handle({ permission: 'alert.read', on: 'scoped', errors: 'alertmanager' }, async (asked) =>
  alertmanagerApi.alertGroups(await alertQuery(asked)),
);
