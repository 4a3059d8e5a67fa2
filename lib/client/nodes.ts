import { type QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { z } from 'zod';
import { fleetSchema, type NodeInput, nodeConfigSchema, nodeDetailSchema, selfTestSchema } from '#shared/nodes.ts';
import { runListSchema } from '#shared/runs.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

const path = (id: string, rest = '') => `nodes/${encodeURIComponent(id)}${rest}`;
const anything = z.unknown();
export const nodeLogsSchema = z.object({ lines: z.array(z.string()) });
export const sshKeySchema = z.object({ publicKey: z.string() });
const addedNodeSchema = z.object({ id: z.string(), name: z.string() });

/** Live events patch it; this is the net below them, and what brings new verdicts. */
export const FLEET_REFETCH_MS = 5000;

export function useFleet() {
  return useQuery({
    queryKey: queryKeys.fleet,
    queryFn: ({ signal }) => api.get('fleet', fleetSchema, { signal }),
    refetchInterval: FLEET_REFETCH_MS,
    refetchIntervalInBackground: false,
    retry: false,
  });
}

export function useNode(id: string) {
  return useQuery({
    queryKey: queryKeys.node(id),
    queryFn: ({ signal }) => api.get(path(id), nodeDetailSchema, { signal }),
    refetchInterval: FLEET_REFETCH_MS,
    retry: false,
  });
}

export function useNodeConfig(id: string) {
  return useQuery({
    queryKey: queryKeys.config(id),
    queryFn: ({ signal }) => api.get(path(id, '/config'), nodeConfigSchema, { signal }),
    retry: false,
    staleTime: 10_000,
  });
}

export function useNodeLogs(id: string, options: { lines: number; follow: boolean }) {
  return useQuery({
    queryKey: queryKeys.logs(id, options.lines),
    queryFn: ({ signal }) => api.get(path(id, '/logs'), nodeLogsSchema, { signal, query: { lines: options.lines } }),
    refetchInterval: options.follow ? 3000 : false,
    retry: false,
  });
}

/** Runs that had this node among their targets, newest first. */
export function useRunsOf(name: string) {
  return useQuery({
    queryKey: queryKeys.runs,
    queryFn: ({ signal }) => api.get('runs', runListSchema, { signal }),
    select: ({ runs }) => runs.filter((run) => run.targetNames.includes(name)),
    retry: false,
  });
}

export function useSshKey() {
  return useQuery({
    queryKey: queryKeys.sshKey,
    queryFn: ({ signal }) => api.get('ssh-key', sshKeySchema, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useAddNode() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: NodeInput) => api.post('nodes', addedNodeSchema, { body: input }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.fleet }),
  });
}

export const hostKeySchema = z.object({ pinned: z.string().nullable(), offered: z.string().nullable(), blocked: z.boolean() });

/** The pinned key, and the one that the host offered when it was another. */
export function useHostKey(id: string | null) {
  return useQuery({
    queryKey: queryKeys.hostKey(id ?? ''),
    queryFn: ({ signal }) => api.get(path(id ?? '', '/host-key'), hostKeySchema, { signal }),
    enabled: id !== null,
  });
}

/** What the node says about itself: SSH, host key, user, unit, process, config, metrics. */
export function useCheckNode(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => api.post(path(id, '/check'), selfTestSchema, { body: {} }),
    onSettled: () => forgetNode(client, id),
  });
}

const forgetNode = (client: QueryClient, id: string) =>
  Promise.all([queryKeys.fleet, queryKeys.node(id), queryKeys.hostKey(id)].map((queryKey) => client.invalidateQueries({ queryKey })));

export function usePinHostKey(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: { fingerprint: string; reason?: string }) => api.post(path(id, '/host-key'), anything, { body: input }),
    onSettled: () => forgetNode(client, id),
  });
}

export function useRemoveNode(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (version: number) => api.delete(path(id), anything, { headers: { 'if-match': `"${version}"` } }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.fleet }),
  });
}
