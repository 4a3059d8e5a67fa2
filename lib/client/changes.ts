import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { changePreviewSchema } from '#shared/changes.ts';
import type { PoolSettings } from '#shared/runs.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

/** What exactly would happen to config.yaml on each matched node; asked again whenever the selector or a setting changes. Reads only. */
export function useChangePreview(selector: string, pool: PoolSettings) {
  return useQuery({
    queryKey: queryKeys.changePreview(selector, pool),
    queryFn: ({ signal }) => api.post('changes/preview', changePreviewSchema, { signal, body: { selector, pool } }),
    enabled: selector.trim() !== '',
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 10_000,
  });
}
