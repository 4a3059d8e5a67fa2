import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { z } from 'zod';
import {
  alertListSchema,
  type Channel,
  type ChannelDraft,
  channelListSchema,
  channelTestSchema,
  type DELIVERY_STATES,
  deliveryListSchema,
} from '#shared/notify.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

const anything = z.unknown();
const path = (...parts: string[]): string => parts.map(encodeURIComponent).join('/');

/** What fires now, and what holds it back. */
export const useAlerts = () =>
  useQuery({ queryKey: queryKeys.alerts, queryFn: ({ signal }) => api.get('alerts', alertListSchema, { signal }) });

export const useChannels = () =>
  useQuery({ queryKey: queryKeys.channels, queryFn: ({ signal }) => api.get('channels', channelListSchema, { signal }) });

/** Newest first. */
export function useDeliveries(state: (typeof DELIVERY_STATES)[number] | null) {
  return useQuery({
    queryKey: queryKeys.deliveries(state),
    queryFn: ({ signal }) => api.get('deliveries', deliveryListSchema, { signal, query: { limit: 200, state: state ?? undefined } }),
  });
}

/** Adds it, or changes the one that is given. Without a secret the one that is kept stays. */
export function useSaveChannel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ draft, before }: { draft: ChannelDraft; before: Pick<Channel, 'id' | 'version'> | null }) =>
      before
        ? api.put(path('channels', before.id), anything, { body: draft, headers: { 'if-match': `"${before.version}"` } })
        : api.post('channels', anything, { body: draft }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.channels }),
  });
}

export function useRemoveChannel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(path('channels', id), anything),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.channels }),
  });
}

/** The receiver's answer in words. */
export function useTestChannel() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.post(path('channels', id, 'test'), channelTestSchema),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.channels }),
  });
}

export function useRetryDelivery() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.post(path('deliveries', id, 'retry'), anything),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.deliveriesOf }),
  });
}
