import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ImportRequest } from '#shared/node-import.ts';
import { api } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

/** What an import would do; nothing is stored. */
export function useImportPreview() {
  return useMutation({
    mutationFn: (body: ImportRequest) => api.post('nodes/import', shape('importPlanSchema'), { body, query: { dryRun: 1 } }),
  });
}

/** One key for one click: what is sent twice is stored once. */
export function useImport() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ body, key }: { body: ImportRequest; key: string }) =>
      api.post('nodes/import', shape('importPlanSchema'), { body, headers: { 'idempotency-key': key } }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.fleet }),
  });
}

/** Hosts that the console's own account knows; the file is read when it is asked for, never before. */
export function useOwnSshConfig() {
  return useMutation({ mutationFn: () => api.get('nodes/ssh-config', shape('ownSshConfigSchema')) });
}
