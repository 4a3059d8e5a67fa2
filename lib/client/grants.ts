import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

export function useGrants(enabled: boolean) {
  return useQuery({
    queryKey: queryKeys.grants,
    queryFn: ({ signal }) => api.get('grants', shape('grantListSchema'), { signal }),
    enabled,
  });
}

export type GrantChange = { role: string; selector: string | null } & ({ userId: string } | { id: string });

/** A new one for a person, or a change of one by its id. */
export function useSaveGrant() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (grant: GrantChange) =>
      'id' in grant
        ? api.put(`grants/${encodeURIComponent(grant.id)}`, shape('anythingSchema'), {
            body: { role: grant.role, selector: grant.selector },
          })
        : api.post('grants', shape('anythingSchema'), { body: grant }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.grants }),
  });
}

export function useRemoveGrant() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`grants/${encodeURIComponent(id)}`, shape('anythingSchema')),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.grants }),
  });
}
