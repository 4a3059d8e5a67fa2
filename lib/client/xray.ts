import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

const path = (id: string) => `nodes/${encodeURIComponent(id)}/fds`;

/** The last look at a node's fds against an earlier one: `since`, or the look before. */
export function useNodeFds(id: string, since: string | null) {
  return useQuery({
    queryKey: queryKeys.fds(id, since),
    queryFn: ({ signal }) => api.get(path(id), shape('nodeFdsSchema'), { signal, query: { since: since ?? undefined } }),
    placeholderData: keepPreviousData,
    retry: false,
  });
}

/** Looks now; every comparison of this node is then another. */
export function useTakeLook(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post(path(id), shape('nodeFdsSchema'), { body: {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.fdsOf(id) }),
  });
}
