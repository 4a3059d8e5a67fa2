import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

/**
 * Reads a query again every so often while the page is looked at. The library's own interval starts anew with each patch of the cache,
 * so that under a steady stream of samples it would never fire, and verdicts come only with a full answer.
 */
export function useSteadyRefetch(queryKey: QueryKey, everyMs: number, enabled = true): void {
  const client = useQueryClient();
  const key = JSON.stringify(queryKey);
  useEffect(() => {
    if (!enabled) return;
    const timer = setInterval(() => {
      if (!document.hidden)
        void client.refetchQueries({ queryKey: JSON.parse(key), exact: true, type: 'active' }, { cancelRefetch: false });
    }, everyMs);
    return () => clearInterval(timer);
  }, [client, key, everyMs, enabled]);
}
