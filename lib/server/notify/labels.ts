import type { Severity } from '#shared/incident-rules.ts';
import type { AlertSignal } from '#shared/notify.ts';

/** A node's label under a name that Alertmanager takes: `fault-domain` is fault_domain. */
export const labelName = (key: string): string => key.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=[0-9])/, '_');

/** A signal as Alertmanager's label set: alertname, node and severity, then the node's own labels; those three are never its own.
 * A label without a value is `true` there: to an Alertmanager an empty one is none. */
export const labelsOf = (signal: Omit<AlertSignal, 'nodeId'>, severity: Severity): Record<string, string> => ({
  ...Object.fromEntries(Object.entries(signal.labels).map(([key, value]) => [labelName(key), value === '' ? 'true' : value])),
  alertname: signal.rule,
  node: signal.node,
  severity,
});
