import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';
import { useSteadyRefetch } from './steady-refetch.ts';

/** A window that ends now and moves, or one that a drag fixed. Both are in the URL. */
export type Range = { kind: 'live'; seconds: number } | { kind: 'fixed'; fromMs: number; toMs: number };

export const LIVE_RANGES = [
  { key: '15m', label: '15 min', seconds: 900 },
  { key: '1h', label: '1 h', seconds: 3600 },
  { key: '6h', label: '6 h', seconds: 21_600 },
  { key: '24h', label: '24 h', seconds: 86_400 },
] as const;
export type RangeName = (typeof LIVE_RANGES)[number]['key'];

/** `range=6h` or `range=1763388000-1763390000` (epoch seconds). Anything else is the default. */
export function parseRange(text: string | null, otherwise: RangeName = '1h'): Range {
  const secondsOf = (name: string) => LIVE_RANGES.find(({ key }) => key === name)?.seconds;
  const named = secondsOf(text ?? otherwise);
  if (named !== undefined) return { kind: 'live', seconds: named };
  const fixed = /^(\d{9,11})-(\d{9,11})$/.exec(text ?? '');
  const [from, to] = [Number(fixed?.[1]), Number(fixed?.[2])];
  return fixed && to - from >= 10
    ? { kind: 'fixed', fromMs: from * 1000, toMs: to * 1000 }
    : { kind: 'live', seconds: secondsOf(otherwise) ?? 3600 };
}

const LIVE_REFETCH_MS = 30_000;

export const rangeKey = (range: Range): string => (range.kind === 'live' ? `live:${range.seconds}` : `fixed:${range.fromMs}-${range.toMs}`);

/** A live range ends at the console's now, each time it is asked. */
function spanOf(range: Range, serverNow: () => number): { from: string; to: string } {
  const toMs = range.kind === 'live' ? serverNow() : range.toMs;
  const fromMs = range.kind === 'live' ? toMs - range.seconds * 1000 : range.fromMs;
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
}

/** While another range is fetched the one before it stays on the page; what is over does not change any more. */
const shownWhile = (range: Range) => ({
  placeholderData: keepPreviousData,
  staleTime: range.kind === 'live' ? 10_000 : Number.POSITIVE_INFINITY,
  retry: false,
});

export function useNodeMetrics(id: string, range: Range, serverNow: () => number) {
  const queryKey = queryKeys.metrics(id, rangeKey(range));
  // events append between; this brings back the wide buckets, the runs and what a lost stream missed
  useSteadyRefetch(queryKey, LIVE_REFETCH_MS, range.kind === 'live');
  return useQuery({
    queryKey,
    // without a step the console gives the finest that can be drawn
    queryFn: ({ signal }) =>
      api.get(`nodes/${encodeURIComponent(id)}/metrics`, shape('nodeMetricsAnswerSchema'), { signal, query: spanOf(range, serverNow) }),
    ...shownWhile(range),
  });
}

/** What happened to the node in the range, for the lane above its charts. Charts do not wait for it. */
export function useNodeEvents(id: string, range: Range, serverNow: () => number) {
  const queryKey = queryKeys.events(id, rangeKey(range));
  useSteadyRefetch(queryKey, LIVE_REFETCH_MS, range.kind === 'live');
  return useQuery({
    queryKey,
    queryFn: ({ signal }) =>
      api.get(`nodes/${encodeURIComponent(id)}/events`, shape('nodeEventsAnswerSchema'), { signal, query: spanOf(range, serverNow) }),
    ...shownWhile(range),
  });
}
