import { useQuery } from '@tanstack/react-query';
import { reportSchema } from '#shared/reports.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

export type ReportRange = { from: string; to: string };

/** A range of the past does not change much; the page asks again when the range does, or when told. */
export function useReport(range: ReportRange | null) {
  return useQuery({
    queryKey: queryKeys.report(range === null ? 'week' : `${range.from} ${range.to}`),
    queryFn: ({ signal }) => api.get('reports', reportSchema, { signal, query: range ?? {}, timeoutMs: 30_000 }),
    staleTime: 60_000,
    retry: false,
  });
}

/** A file to keep or send. */
export const reportUrl = ({ from, to }: ReportRange, format: 'md' | 'html'): string =>
  `/api/v1/reports?${new URLSearchParams({ from, to, format })}`;
