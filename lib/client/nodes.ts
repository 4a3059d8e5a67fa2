import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { NodeInput } from '#shared/nodes.ts';
import { fleetShape } from './first-shapes.ts';
import { api } from './http.ts';
import { shareFleet } from './live-patch.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

const path = (id: string, rest = '') => `nodes/${encodeURIComponent(id)}${rest}`;

/** Live events patch the figures; this is the net below them, and what brings new verdicts. See steady-refetch.ts. */
export const FLEET_REFETCH_MS = 5000;

export function useFleet() {
  return useQuery({
    queryKey: queryKeys.fleet,
    queryFn: ({ signal }) => api.get('fleet', fleetShape, { signal }),
    structuralSharing: shareFleet,
    retry: false,
  });
}

export function useNode(id: string) {
  return useQuery({
    queryKey: queryKeys.node(id),
    queryFn: ({ signal }) => api.get(path(id), shape('nodeDetailSchema'), { signal }),
    retry: false,
  });
}

export function useNodeConfig(id: string) {
  return useQuery({
    queryKey: queryKeys.config(id),
    queryFn: ({ signal }) => api.get(path(id, '/config'), shape('nodeConfigSchema'), { signal }),
    retry: false,
    staleTime: 10_000,
  });
}

/** Runs that had this node among their targets, newest first. */
export function useRunsOf(name: string) {
  return useQuery({
    queryKey: queryKeys.runs,
    queryFn: ({ signal }) => api.get('runs', shape('runListSchema'), { signal }),
    select: ({ runs }) => runs.filter((run) => run.targetNames.includes(name)),
    retry: false,
  });
}

export function useSshKey() {
  return useQuery({
    queryKey: queryKeys.sshKey,
    queryFn: ({ signal }) => api.get('ssh-key', shape('sshKeySchema'), { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useAddNode() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: NodeInput) => api.post('nodes', shape('addedNodeSchema'), { body: input }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.fleet }),
  });
}

/** The pinned key, and the one that the host offered when it was another. */
export function useHostKey(id: string | null) {
  return useQuery({
    queryKey: queryKeys.hostKey(id ?? ''),
    queryFn: ({ signal }) => api.get(path(id ?? '', '/host-key'), shape('hostKeySchema'), { signal }),
    enabled: id !== null,
  });
}

/** What the node says about itself: SSH, host key, user, unit, process, config, metrics. */
export function useCheckNode(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post(path(id, '/check'), shape('selfTestSchema'), { body: {} }),
    onSettled: () => forgetNode(client, id),
  });
}

const forgetNode = (client: QueryClient, id: string) =>
  Promise.all([queryKeys.fleet, queryKeys.node(id), queryKeys.hostKey(id)].map((queryKey) => client.invalidateQueries({ queryKey })));

export function usePinHostKey(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { fingerprint: string; reason?: string }) =>
      api.post(path(id, '/host-key'), shape('anythingSchema'), { body: input }),
    onSettled: () => forgetNode(client, id),
  });
}

/** `version`: what was edited; another one by now is refused, and nothing is lost. */
export function useUpdateNode(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ input, version }: { input: NodeInput; version: number }) =>
      api.put(path(id), shape('anythingSchema'), { body: input, headers: { 'if-match': `"${version}"` } }),
    onSuccess: () => forgetNode(client, id),
  });
}

export function useRemoveNode(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (version: number) => api.delete(path(id), shape('anythingSchema'), { headers: { 'if-match': `"${version}"` } }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.fleet }),
  });
}

/** What lies on the node, as it was read, becomes what was agreed. */
export function useAdoptConfig(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (sha256: string) => api.post(path(id, '/config/adopt'), shape('anythingSchema'), { body: { sha256 } }),
    onSettled: () => Promise.all([forgetNode(client, id), client.invalidateQueries({ queryKey: queryKeys.config(id) })]),
  });
}
