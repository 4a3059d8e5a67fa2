import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import type { DrillFamily } from '#shared/drill-families.ts';
import { type Drill, type drillInputSchema, drillListSchema, drillSchema } from '#shared/drills.ts';
import { replaySchema } from '#shared/recordings.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

const LIVE_MS = 3000;
const IDLE_MS = 15_000;
const path = (id: string, rest = '') => `drills/${encodeURIComponent(id)}${rest}`;
export const isOver = (drill: Pick<Drill, 'status'>): boolean => drill.status === 'ended' || drill.status === 'failed';

export function useDrills() {
  return useQuery({
    queryKey: queryKeys.drills,
    queryFn: ({ signal }) => api.get('drills', drillListSchema, { signal }),
    refetchInterval: (query) => (query.state.data?.drills.some((drill) => !isOver(drill)) ? LIVE_MS : IDLE_MS),
    retry: false,
  });
}

export function useDrill(id: string) {
  return useQuery({
    queryKey: queryKeys.drill(id),
    queryFn: ({ signal }) => api.get(path(id), drillSchema, { signal }),
    refetchInterval: (query) => (query.state.data && isOver(query.state.data) ? false : LIVE_MS),
    retry: false,
  });
}

export type ReplayAsked = { node: string | null; from: string | null; to: string | null };
/** Long ranges are judged moment by moment. */
const REPLAY_MS = 60_000;

export function useReplay({ node, from, to }: ReplayAsked) {
  return useQuery({
    queryKey: queryKeys.replay(`${node} ${from} ${to}`),
    queryFn: ({ signal }) =>
      api.get('drills/replays', replaySchema, {
        signal,
        query: { node: node ?? undefined, from: from ?? undefined, to: to ?? undefined },
        timeoutMs: REPLAY_MS,
      }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}

/** One key for one intent: a second click starts nothing twice. */
export function useStartDrill() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ input, intent }: { input: z.input<typeof drillInputSchema>; intent: string }) =>
      api.post('drills', drillSchema, { body: input, headers: { 'idempotency-key': intent } }),
    onSuccess: (drill) => {
      client.setQueryData(queryKeys.drill(drill.id), drill);
      return client.invalidateQueries({ queryKey: queryKeys.drills });
    },
  });
}

export type DrillAct = 'stop' | 'acknowledge' | 'hint' | { nodeId: string | null; cause: DrillFamily };

export function useDrillAct(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (act: DrillAct) =>
      typeof act === 'string'
        ? api.post(path(id, `/${act}`), drillSchema, { body: {} })
        : api.post(path(id, '/answer'), drillSchema, { body: act }),
    onSuccess: (drill) => client.setQueryData(queryKeys.drill(id), drill),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.drills }),
  });
}
