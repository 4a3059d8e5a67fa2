import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type AlertRule, alertRuleListSchema, type RuleInput, ruleSettingSchema } from '#shared/alert-rules.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';

export const useAlertRules = () =>
  useQuery({ queryKey: queryKeys.alertRules, queryFn: ({ signal }) => api.get('alert-rules', alertRuleListSchema, { signal }) });

export function useSetRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ rule, input }: { rule: Pick<AlertRule, 'rule' | 'version'>; input: RuleInput }) =>
      api.put(`alert-rules/${encodeURIComponent(rule.rule)}`, ruleSettingSchema, {
        body: input,
        headers: { 'if-match': `"${rule.version}"` },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.alertRules }),
  });
}
