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
