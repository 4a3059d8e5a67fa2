import { useQuery } from '@tanstack/react-query';
import { runbookListSchema, runbookSchema } from '#shared/runbooks.ts';
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
