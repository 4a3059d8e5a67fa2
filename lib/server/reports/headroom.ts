import type { FleetNode } from '#shared/nodes.ts';
import type { Report } from '#shared/reports.ts';
import { toInstant } from '#shared/time.ts';
import type { ReportsDeps, Span } from './deps.ts';

const DAY_MS = 86_400_000;
const MOST_LOWEST = 10;

/** The least headroom of every node and day. A bucket spans no two process lives, so its most open fds meet its own limit. */
export async function readHeadroom(
  { metrics }: Pick<ReportsDeps, 'metrics'>,
  nodes: readonly Pick<FleetNode, 'id' | 'name'>[],
  { fromMs, toMs }: Span,
): Promise<Pick<Report, 'headroom' | 'lowest'>> {
  // days as people count them, by UTC
  const firstDay = Math.floor(fromMs / DAY_MS) * DAY_MS;
  const days = Array.from({ length: Math.ceil((toMs - firstDay) / DAY_MS) }, (_, i) => firstDay + i * DAY_MS);
  const worst = days.map((): { percent: number; node: string } | null => null);
  const lowest: Report['lowest'] = [];
  const stepSeconds = toMs - fromMs <= 2 * DAY_MS ? 300 : 3600;
  for (const node of nodes) {
    const { buckets } = await metrics.query(node.id, { fromMs, toMs, stepSeconds });
    let least: Report['lowest'][number] | null = null;
    for (const bucket of buckets) {
      const [open, limit] = [bucket.max.openFds, bucket.last.fdLimit];
      if (open === null || limit === null || limit <= 0) continue;
      const headroom = Math.max(0, limit - open);
      const percent = (100 * headroom) / limit;
      const day = Math.min(days.length - 1, Math.max(0, Math.floor((bucket.lastAt - firstDay) / DAY_MS)));
      const known = worst[day];
      if (known == null || percent < known.percent) worst[day] = { percent, node: node.name };
      if (least === null || percent < least.percent)
        least = { nodeId: node.id, name: node.name, percent, headroom, at: toInstant(bucket.lastAt) };
    }
    if (least) lowest.push(least);
  }
  lowest.sort((a, b) => a.percent - b.percent || a.name.localeCompare(b.name));
  return {
    headroom: days.map((day, i) => ({ day: toInstant(day), lowestPercent: worst[i]?.percent ?? null, node: worst[i]?.node ?? null })),
    lowest: lowest.slice(0, MOST_LOWEST),
  };
}
