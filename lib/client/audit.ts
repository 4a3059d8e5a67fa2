import { useInfiniteQuery } from '@tanstack/react-query';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

const PAGE = 100;

/** Newest first, page by page. */
export function useAudit() {
  return useInfiniteQuery({
    queryKey: queryKeys.audit,
    queryFn: ({ pageParam, signal }) =>
      api.get('audit', shape('auditPageSchema'), { signal, query: { limit: PAGE, ...(pageParam === null ? {} : { before: pageParam }) } }),
    initialPageParam: null as number | null,
    getNextPageParam: (page) => page.next,
  });
}
