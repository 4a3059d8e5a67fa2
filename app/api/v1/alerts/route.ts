import { visibleAlerts } from '#app/api/_http/visible-alerts.ts';
import { handle } from '../../_http/handle.ts';

/** What fires now, and what is told of it: signals by rule and node, and the incidents that people hear of. */
export const GET = handle({ permission: 'alert.read', on: 'scoped' }, async ({ runtime, scope }) => ({
  alerts: await visibleAlerts(await runtime.notify.alerts(), scope),
}));
