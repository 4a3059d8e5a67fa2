import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

const PAGE = 100;

/** Newest first, page by page. */
export function useAudit(query: Record<string, string>) {
  return useInfiniteQuery({
    queryKey: queryKeys.auditPages(query),
    queryFn: ({ pageParam, signal }) =>
      api.get('audit', shape('auditPageSchema'), {
        signal,
        query: { ...query, limit: PAGE, ...(pageParam === null ? {} : { before: pageParam }) },
      }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });
}

/** Whether the chain holds. Reads every row, so it is asked once a page and on request. */
export function useAuditState(enabled: boolean) {
  return useQuery({
    queryKey: queryKeys.auditState,
    queryFn: ({ signal }) => api.get('audit/verify', shape('auditStateSchema'), { signal }),
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
