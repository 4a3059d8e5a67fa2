import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ChangeRuleInput, changeRuleListSchema, changeRuleSchema } from '#shared/change-rules.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

export function useChangeRules() {
  return useQuery({
    queryKey: queryKeys.changeRules,
    queryFn: ({ signal }) => api.get('change-rules', changeRuleListSchema, { signal }),
  });
}

export function useAddChangeRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: ChangeRuleInput) => api.post('change-rules', changeRuleSchema, { body: input }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.changeRules }),
  });
}

export function useRemoveChangeRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`change-rules/${encodeURIComponent(id)}`, shape('anythingSchema')),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.changeRules }),
  });
}
