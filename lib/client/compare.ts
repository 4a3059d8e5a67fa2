import { keepPreviousData, useQueries } from '@tanstack/react-query';
import type { SeriesName } from '#shared/metrics.ts';
import { api } from './http.ts';
import { type Range, rangeKey } from './metrics.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

/** Newer points of a comparison come with a fresh answer only: it is looked at for its shape. */
const REFETCH_MS = 15_000;

/** Seconds of a cell: about 300 on the axis, and never finer than fds are counted over SSH. */
export const compareStep = (range: Range): number => {
  const seconds = range.kind === 'live' ? range.seconds : (range.toMs - range.fromMs) / 1000;
  return Math.max(15, Math.ceil(seconds / 300 / 5) * 5);
};

/** One series of each node; those that are not here yet are left out. */
export function useCompared(nodes: readonly { id: string; name: string }[], range: Range, metric: SeriesName, serverNow: () => number) {
  const step = compareStep(range);
  return useQueries({
    queries: nodes.map(({ id }) => ({
      queryKey: [...queryKeys.compared(id, rangeKey(range), step), metric],
      queryFn: ({ signal }: { signal: AbortSignal }) => {
        const toMs = range.kind === 'live' ? serverNow() : range.toMs;
        const fromMs = range.kind === 'live' ? toMs - range.seconds * 1000 : range.fromMs;
        const query = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), step, series: metric };
        return api.get(`nodes/${encodeURIComponent(id)}/metrics`, shape('nodeMetricsAnswerSchema'), { signal, query });
      },
      placeholderData: keepPreviousData,
      ...(range.kind === 'live' ? { refetchInterval: REFETCH_MS } : { staleTime: Number.POSITIVE_INFINITY }),
      retry: false,
    })),
    combine: (results) => ({
      step,
      answers: results.flatMap(({ data }, i) => (data && nodes[i] ? [{ name: nodes[i].name, answer: data }] : [])),
      pending: results.filter(({ isPending }) => isPending).length,
      failed: results.flatMap(({ error }, i) => (error && nodes[i] ? [{ name: nodes[i].name, error }] : [])),
    }),
  });
}

/** Nodes with the same config.yaml are asked once: a fleet has few configs. At most so many different ones are read, each over SSH. */
export const MOST_CONFIGS = 24;

/** The text of config.yaml by its sha256. */
export function useConfigsBySha(nodes: readonly { id: string; configSha256: string | null }[]) {
  const one = new Map<string, string>();
  for (const { id, configSha256 } of nodes) if (configSha256 !== null && !one.has(configSha256)) one.set(configSha256, id);
  const asked = [...one].slice(0, MOST_CONFIGS);
  return useQueries({
    queries: asked.map(([, id]) => ({
      queryKey: queryKeys.config(id),
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        api.get(`nodes/${encodeURIComponent(id)}/config`, shape('nodeConfigSchema'), { signal }),
      staleTime: 60_000,
      retry: false,
    })),
    combine: (results) => ({
      texts: new Map(results.flatMap(({ data }, i) => (data && asked[i] ? [[asked[i][0], data.text] as const] : []))),
      pending: results.some(({ isPending }) => isPending),
      left: one.size - asked.length,
    }),
  });
}
