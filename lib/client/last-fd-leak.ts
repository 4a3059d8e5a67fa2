import { useQuery } from '@tanstack/react-query';
import type { Verdict } from '#shared/runs.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

export type LastFdLeak = { runId: string; verdict: Verdict; finishedAt: string };

/**
 * What the last fd-leak run that reached a verdict said of this node. A run over many nodes is asked for the node's own:
 * its verdict as a whole may be another's.
 */
export function useLastFdLeak(nodeId: string, name: string): LastFdLeak | null {
  const { data: list } = useQuery({
    queryKey: queryKeys.runs,
    queryFn: ({ signal }) => api.get('runs', shape('runListSchema'), { signal }),
    retry: false,
  });
  const run = list?.runs.find(
    (one) =>
      one.runbook.key === 'fd-leak' && !one.dryRun && one.finishedAt !== null && one.verdict !== null && one.targetNames.includes(name),
  );
  const many = run !== undefined && run.targetCount > 1;
  const { data: target } = useQuery({
    queryKey: queryKeys.runTarget(run?.id ?? '', nodeId),
    queryFn: ({ signal }) =>
      api.get(`runs/${encodeURIComponent(run?.id ?? '')}/targets/${encodeURIComponent(nodeId)}`, shape('runTargetSchema'), { signal }),
    enabled: many,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const verdict = many ? (target?.verdict ?? null) : (run?.verdict ?? null);
  return run && run.finishedAt !== null && verdict !== null ? { runId: run.id, verdict, finishedAt: run.finishedAt } : null;
}
