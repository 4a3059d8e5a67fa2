import { useQuery } from '@tanstack/react-query';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

/** config.yaml as it was before each run that kept it on the node. */
export function useConfigHistory(id: string) {
  return useQuery({
    queryKey: queryKeys.configHistory(id),
    queryFn: ({ signal }) => api.get(`nodes/${encodeURIComponent(id)}/config/history`, shape('configHistorySchema'), { signal }),
    retry: false,
    staleTime: 10_000,
  });
}

/** What a run kept on the node, beside the file as it is now. */
export function useKeptConfig(id: string, run: string) {
  return useQuery({
    queryKey: queryKeys.keptConfig(id, run),
    queryFn: ({ signal }) =>
      api.get(`nodes/${encodeURIComponent(id)}/config/history/${encodeURIComponent(run)}`, shape('keptConfigSchema'), { signal }),
    retry: false,
    staleTime: 10_000,
  });
}
