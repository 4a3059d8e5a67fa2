import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { IncidentStatus } from '#shared/incident-rules.ts';
import type { Incident, IncidentQuery } from '#shared/incidents.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

/** Events bring changes at once; this is the net below them. */
const REFETCH_MS = 15_000;
const LIVE_MS = 5000;

const path = (id: string, rest = '') => `incidents/${encodeURIComponent(id)}${rest}`;
/** Files to save. */
export const postmortemUrl = (id: string): string => `/api/v1/${path(id, '/postmortem')}`;
export const captureUrl = (id: string, capture: string): string => `/api/v1/${path(id, `/captures/${encodeURIComponent(capture)}`)}`;

export type IncidentFilter = Partial<Pick<IncidentQuery, 'status' | 'severity' | 'cause' | 'node'>>;

export function useIncidents(filter: IncidentFilter = {}) {
  return useQuery({
    queryKey: queryKeys.incidentList(filter),
    queryFn: ({ signal }) => api.get('incidents', shape('incidentListSchema'), { signal, query: { ...filter } }),
    refetchInterval: REFETCH_MS,
    retry: false,
  });
}

/** For the count beside the entry, and the strips of other pages: one question serves them all. */
export const useOpenIncidents = (): number => useIncidents({ status: 'open' }).data?.open ?? 0;

export function useIncident(id: string) {
  return useQuery({
    queryKey: queryKeys.incident(id),
    queryFn: ({ signal }) => api.get(path(id), shape('incidentSchema'), { signal }),
    refetchInterval: (query) => (isOpen(query.state.data) ? LIVE_MS : REFETCH_MS),
    retry: false,
  });
}

const isOpen = (incident: { status: IncidentStatus } | undefined) => incident !== undefined && incident.status !== 'resolved';

export type IncidentAct =
  | { act: 'acknowledge'; body: Record<string, never> }
  | { act: 'edit'; body: { title?: string; severity?: Incident['severity']; owner?: string | null } }
  | { act: 'notes'; body: { text: string } }
  | { act: 'resolve' | 'reopen'; body: { reason: string } }
  | { act: 'merge'; body: { incidentId: string } }
  | { act: 'split'; body: { nodeIds: string[]; title?: string } };

function useForget() {
  const client = useQueryClient();
  return (id?: string) =>
    Promise.all(
      [queryKeys.incidents, ...(id === undefined ? [] : [queryKeys.incident(id)])].map((queryKey) =>
        client.invalidateQueries({ queryKey }),
      ),
    );
}

export function useActOnIncident(id: string) {
  const forget = useForget();
  return useMutation({
    mutationFn: ({ act, body }: IncidentAct) => api.post(path(id, `/${act}`), shape('incidentListItemSchema'), { body }),
    onSettled: () => forget(id),
  });
}

export function useDeclareIncident() {
  const forget = useForget();
  return useMutation({
    mutationFn: (body: { title: string; severity: Incident['severity']; nodeIds: string[]; note?: string }) =>
      api.post('incidents', shape('incidentListItemSchema'), { body }),
    onSuccess: () => forget(),
  });
}

export function useCaptureEvidence(id: string) {
  const forget = useForget();
  return useMutation({
    mutationFn: (nodeId: string) => api.post(path(id, '/captures'), shape('captureHeadSchema'), { body: { nodeId } }),
    onSettled: () => forget(id),
  });
}

/** Asks each node for its limits, so only when somebody looks. */
export function useBuyOffers(id: string, limit: number, enabled: boolean) {
  return useQuery({
    queryKey: queryKeys.buyOffers(id, limit),
    queryFn: ({ signal }) => api.get(path(id, '/buy-time'), shape('buyOffersSchema'), { signal, query: { limit: String(limit) } }),
    enabled,
    staleTime: 20_000,
    retry: false,
  });
}

/** `intent`: a second click, or a retry after a lost answer, starts nothing twice. */
export function useBuyTime(id: string) {
  const forget = useForget();
  return useMutation({
    mutationFn: ({ intent, ...body }: { nodeIds: string[]; limit: number; keep: boolean; remindMinutes?: number; intent: string }) =>
      api.post(path(id, '/buy-time'), shape('startedRunSchema'), { body, headers: { 'idempotency-key': intent } }),
    onSettled: () => forget(id),
  });
}
