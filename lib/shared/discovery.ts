import { z } from 'zod';
import type { FleetMember } from './nodes.ts';

/** GET sd: what Prometheus' `http_sd_configs` reads. One entry a node. */
export const discoverySchema = z.array(z.object({ targets: z.array(z.string()), labels: z.record(z.string(), z.string()) }));
export type Discovery = z.infer<typeof discoverySchema>;

const LOOPBACK = /^(127(\.\d+){3}|localhost|\[::1\])$/;
/** Prometheus gives these a meaning of its own. */
const TAKEN = new Set(['job', 'instance', 'node', 'le', 'quantile', 'alertname']);

/**
 * Where another scraper reads the node's page: host and port of its URL, which is also the `instance` label of its series. A loopback URL,
 * which the console reads through SSH, becomes the node's own address: it answers there once the proxy listens on it. Null without a page.
 */
export function scrapeAddress({ host, metrics }: Pick<FleetMember, 'host' | 'metrics'>): string | null {
  if (metrics.via === 'none') return null;
  const url = new URL(metrics.url);
  const name = metrics.via === 'ssh' && LOOPBACK.test(url.hostname) ? host : url.hostname;
  return `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${url.port || 80}`;
}

/** Nodes without a metrics page are left out. `__meta_headroom_via` is for relabelling: it says how the console itself reads the page. */
export function discoveryOf(members: readonly FleetMember[]): Discovery {
  return members.flatMap((member) => {
    const address = scrapeAddress(member);
    if (address === null || member.metrics.via === 'none') return [];
    const { pathname, searchParams } = new URL(member.metrics.url);
    const labels: Record<string, string> = {};
    for (const [key, value] of Object.entries(member.labels)) labels[labelName(key)] = value;
    for (const [key, value] of searchParams) labels[`__param_${labelName(key)}`] ??= value;
    labels.__metrics_path__ = pathname;
    labels.__meta_headroom_id = member.id;
    labels.__meta_headroom_via = member.metrics.via;
    labels.node = member.name;
    return [{ targets: [address], labels }];
  });
}

/** `fd.class` becomes `fd_class`; a name that Prometheus uses itself becomes `label_…`. */
function labelName(key: string): string {
  const name = key.replace(/[^A-Za-z0-9_]/g, '_');
  return TAKEN.has(name) || name.startsWith('__') ? `label_${name}` : name;
}
