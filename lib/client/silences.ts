import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type SilenceDraft, silenceListSchema, silenceSchema } from '#shared/silences.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

export const useSilences = () =>
  useQuery({ queryKey: queryKeys.silences, queryFn: ({ signal }) => api.get('silences', silenceListSchema, { signal }) });

export function useAddSilence() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (draft: SilenceDraft) => api.post('silences', silenceSchema, { body: draft }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.silences }),
  });
}

/** Ends it now. */
export function useExpireSilence() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`silences/${encodeURIComponent(id)}`, silenceSchema),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.silences }),
  });
}
