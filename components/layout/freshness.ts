import { FLEET_REFETCH_MS, useFleet } from '#client/nodes.ts';
import { useNow } from '#components/ui/now.tsx';

/** The console answers and calls nodes up, but the newest sample of all is older than this: the collector stands still. */
const STALE_AFTER_MS = 30_000;
/** One missed refetch is no news. */
const LOST_AFTER_MS = 2.2 * FLEET_REFETCH_MS;

export type Freshness =
  | { kind: 'none' }
  | { kind: 'fresh'; asOfMs: number }
  /** the console answers with old numbers */
  | { kind: 'stale'; asOfMs: number; sinceSeconds: number }
  /** the console does not answer */
  | { kind: 'lost'; asOfMs: number; sinceSeconds: number; retryInSeconds: number; retry: () => void };

export function useFreshness(): Freshness {
  const { data, dataUpdatedAt, errorUpdatedAt, refetch } = useFleet();
  const now = useNow();
  if (!data || data.nodes.length === 0) return { kind: 'none' };
  const asOfMs = Date.parse(data.asOf);
  const silentMs = Date.now() - dataUpdatedAt;
  // the error itself may be gone: live patches count as success
  if (errorUpdatedAt > dataUpdatedAt && silentMs > LOST_AFTER_MS)
    return {
      kind: 'lost',
      asOfMs,
      sinceSeconds: silentMs / 1000,
      retryInSeconds: Math.max(0, (errorUpdatedAt + FLEET_REFETCH_MS - Date.now()) / 1000),
      retry: () => void refetch(),
    };
  const newestMs = Math.max(0, ...data.nodes.map(({ lastSampleAt }) => (lastSampleAt === null ? 0 : Date.parse(lastSampleAt))));
  const readable = data.nodes.some(({ state }) => state === 'up' || state === 'degraded');
  return readable && newestMs > 0 && now - newestMs > STALE_AFTER_MS
    ? { kind: 'stale', asOfMs: newestMs, sinceSeconds: (now - newestMs) / 1000 }
    : { kind: 'fresh', asOfMs };
}
