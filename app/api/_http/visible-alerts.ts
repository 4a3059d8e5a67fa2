import type { Scope } from '#server/access/index.ts';
import type { HeldAlert } from '#shared/notify.ts';

/** Alerts of nodes that the actor may see, without what they say of others. One without a node is for who sees them all. */
export async function visibleAlerts(alerts: HeldAlert[], scope: Pick<Scope, 'everywhere' | 'visible'>): Promise<HeldAlert[]> {
  if (scope.everywhere('alert.read')) return alerts;
  const seen = await scope.visible('alert.read');
  return alerts.flatMap((alert) => {
    const signals = alert.signals.filter(({ nodeId }) => seen.has(nodeId));
    if (signals.length === 0) return [];
    return signals.length === alert.signals.length
      ? [alert]
      : [{ ...alert, signals, title: signals.map(({ node }) => node).join(', '), text: '' }];
  });
}
