import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type BacktestRuleKey, backtestAnswerSchema } from '#shared/backtest.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

export type BacktestAsked = {
  rule: BacktestRuleKey;
  threshold: number;
  /** minutes; null for rules that look at no window */
  window: number | null;
  /** seconds */
  for: number;
  /** when it ends; left out: as is usual for the rule */
  clear?: number;
  /** seconds */
  clearFor?: number;
  selector: string;
  days: number;
};

/** A month of many nodes is replayed sample by sample. */
const TIMEOUT_MS = 60_000;

/** What a rule would have said over stored history. Reads only; asked again only when the question is another. */
export function useBacktest(asked: BacktestAsked, serverNow: () => number) {
  return useQuery({
    queryKey: queryKeys.backtest(asked),
    queryFn: ({ signal }) => {
      const to = serverNow();
      const { rule, threshold, window, for: seconds, clear, clearFor, selector, days } = asked;
      const query = {
        ...{ rule, threshold, for: seconds, selector, window: window ?? undefined, clear, clearFor },
        ...{ from: new Date(to - days * 86_400_000).toISOString(), to: new Date(to).toISOString() },
      };
      return api.get('backtest', backtestAnswerSchema, { signal, query, timeoutMs: TIMEOUT_MS });
    },
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
}
