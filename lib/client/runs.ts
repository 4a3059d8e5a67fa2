import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { hasEnded, type Run, type RunInput, type RunTarget, runListSchema, runSchema, runTargetSchema } from '#shared/runs.ts';
import { api, isProblemError } from './http.ts';
import { queryKeys } from './query-keys.ts';

const path = (id: string, rest = '') => `runs/${encodeURIComponent(id)}${rest}`;

/** A file to save: the run with its receipts, signed. */
export const evidenceUrl = (id: string): string => `/api/v1/${path(id, '/evidence')}`;

export type RunAction = 'pause' | 'resume' | 'abort' | 'retry' | 'approve';

/** Events bring changes at once; the interval is the net below them while anything is in flight. */
const LIVE_MS = 3000;

export function useRuns() {
  return useQuery({
    queryKey: queryKeys.runs,
    queryFn: ({ signal }) => api.get('runs', runListSchema, { signal }),
    refetchInterval: (query) => (query.state.data?.runs.some((run) => !hasEnded(run.status)) ? LIVE_MS : 15_000),
    retry: false,
  });
}

export function useRun(id: string) {
  return useQuery({
    queryKey: queryKeys.run(id),
    queryFn: ({ signal }) => api.get(path(id), runSchema, { signal }),
    refetchInterval: (query) => (query.state.data && hasEnded(query.state.data.status) ? false : LIVE_MS),
    retry: false,
  });
}

/** The node that a run is opened on unless one was chosen: one that asks a person before one that is at work. */
export const firstToShow = (targets: readonly RunTarget[]): RunTarget | undefined =>
  targets.find(({ status }) => status === 'waiting') ?? targets.find(({ status }) => status === 'running') ?? targets[0];

/** One node with its steps and receipts. A run of many nodes comes without them; of a small one they are there already. */
export function useRunTarget(run: Run | undefined, nodeId: string | null) {
  const chosen = run?.targets.find((target) => target.nodeId === nodeId) ?? firstToShow(run?.targets ?? []);
  const apart = run?.detail === 'matrix' && chosen !== undefined;
  const query = useQuery({
    queryKey: queryKeys.runTarget(run?.id ?? '', chosen?.nodeId ?? ''),
    queryFn: ({ signal }) =>
      api.get(path(run?.id ?? '', `/targets/${encodeURIComponent(chosen?.nodeId ?? '')}`), runTargetSchema, { signal }),
    enabled: apart,
    refetchInterval: run && hasEnded(run.status) ? false : LIVE_MS,
    retry: false,
  });
  return apart ? { target: query.data, error: query.error } : { target: chosen, error: null };
}

/** One key for one intent: a second click, or a retry after a lost answer, starts nothing twice. */
export function useStartRun() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ input, intent }: { input: RunInput; intent: string }) =>
      api.post('runs', runSchema, { body: input, headers: { 'idempotency-key': intent } }),
    onSuccess: (run) => {
      client.setQueryData(queryKeys.run(run.id), run);
      return client.invalidateQueries({ queryKey: queryKeys.runs });
    },
  });
}

/** What makes a start go on in spite of a freeze or outside a window. */
export type InSpite = Pick<RunInput, 'override'> & { onClosed?: 'wait' };

/** Of one form: the same question asked twice starts nothing twice, another question is another run. */
export const intentOf = (form: string, input: RunInput): string => {
  const text = JSON.stringify(input);
  let hash = 5381;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 33) ^ text.charCodeAt(i)) >>> 0;
  return `${form}-${hash.toString(36)}`;
};

/** The start was refused because of a freeze or window, and not for something else. */
export const wasClosed = (error: unknown): boolean => isProblemError(error) && error.code === 'run.closed';

export function useRunAction(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (action: RunAction) => api.post(path(id, `/${action}`), runSchema, { body: {} }),
    onSettled: () => refreshed(client, id),
  });
}

/** A new run, which is the answer. */
export function useRollBack(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post(path(id, '/rollback'), runSchema, { body: {} }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.runs }),
  });
}

/** Leaves out a node that was not begun (no `step`), or one coming step of a node that only looks and judges. */
export function useSkip(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { nodeId: string; step?: string; reason: string }) => api.post(path(id, '/skip'), runSchema, { body }),
    onSettled: () => refreshed(client, id),
  });
}

/** A coming edit or restart that a person does: the run verifies it, and does only what is missing. */
export function useByHand(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { nodeId: string; step: string }) => api.post(path(id, '/by-hand'), runSchema, { body }),
    onSettled: () => refreshed(client, id),
  });
}

export function useAnswerGate(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ gate, answer, nodeId }: { gate: string; answer: string; nodeId: string }) =>
      api.post(path(id, `/gates/${encodeURIComponent(gate)}`), runSchema, { body: { answer, nodeId } }),
    onSettled: () => refreshed(client, id),
  });
}

const refreshed = (client: ReturnType<typeof useQueryClient>, id: string) =>
  Promise.all([client.invalidateQueries({ queryKey: queryKeys.run(id) }), client.invalidateQueries({ queryKey: queryKeys.runs })]);
