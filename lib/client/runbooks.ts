import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { runbookListSchema, runbookSchema, runbookVersionListSchema } from '#shared/runbooks.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

export function useRunbooks() {
  return useQuery({
    queryKey: queryKeys.runbooks,
    queryFn: ({ signal }) => api.get('runbooks', runbookListSchema, { signal }),
    staleTime: 60_000,
    retry: false,
  });
}

export function useRunbook(key: string) {
  return useQuery({
    queryKey: queryKeys.runbook(key),
    queryFn: ({ signal }) => api.get(`runbooks/${encodeURIComponent(key)}`, runbookSchema, { signal }),
    staleTime: 60_000,
    retry: false,
  });
}

/** Newest first; none of a runbook that was never saved in this console. */
export function useRunbookVersions(key: string) {
  return useQuery({
    queryKey: queryKeys.runbookVersions(key),
    queryFn: ({ signal }) => api.get(`runbooks/${encodeURIComponent(key)}/versions`, runbookVersionListSchema, { signal }),
  });
}

export function useSaveRunbook() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (text: string) => api.post('runbooks', runbookSchema, { body: { text } }),
    onSuccess: (runbook) => {
      client.setQueryData(queryKeys.runbook(runbook.key), runbook);
      return Promise.all([
        client.invalidateQueries({ queryKey: queryKeys.runbooks }),
        client.invalidateQueries({ queryKey: queryKeys.runbookVersions(runbook.key) }),
      ]);
    },
  });
}
