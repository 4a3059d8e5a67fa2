import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

/** Events do not tell of a stop in another browser when no run was live: this is how late it is seen at most. */
const REFETCH_MS = 15_000;

/** Whether all runs are stopped, how many are live, and how many of them wait for a person. On every page, so without the schema library: the same answer as useRuns. */
export function useStop() {
  const { data } = useQuery({
    queryKey: queryKeys.runs,
    queryFn: ({ signal }) => api.get('runs', shape('runListSchema'), { signal }),
    refetchInterval: REFETCH_MS,
    retry: false,
  });
  const live = data?.runs.filter((run) => run.finishedAt === null) ?? [];
  const asking = live.filter(({ status }) => status === 'waiting' || status === 'awaiting-approval');
  return { stopped: data?.stopped ?? null, live: live.length, asking: asking.length };
}

export function useStopAllRuns() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => api.post('runs/stop-all', shape('anythingSchema'), { body: { reason } }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.runs }),
  });
}

export function useAllowRuns() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post('runs/allow', shape('anythingSchema'), { body: {} }),
    onSettled: () => client.invalidateQueries({ queryKey: queryKeys.runs }),
  });
}
