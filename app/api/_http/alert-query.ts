import type { Scope } from '#server/access/index.ts';
import type { alertmanagerApi } from '#server/notify/index.ts';
import type { Runtime } from '#server/runtime.ts';
import { visibleAlerts } from './visible-alerts.ts';

type Asked = { runtime: Pick<Runtime, 'notify' | 'config' | 'clock'>; scope: Scope; request: Request };

/** What Alertmanager's reading routes need. */
export async function alertQuery({ runtime, scope, request }: Asked): Promise<alertmanagerApi.AlertQuery> {
  return {
    search: new URL(request.url).searchParams,
    alerts: await visibleAlerts(await runtime.notify.alerts({ kind: 'signal' }), scope),
    channels: await runtime.notify.channels(),
    url: runtime.config.url,
    now: runtime.clock.now(),
  };
}
