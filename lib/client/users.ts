import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { LinkKind } from '#shared/account.ts';
import type { Role } from '#shared/roles.ts';
import { api } from './http.ts';
import { enrolPasskey } from './passkeys.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

const anything = shape('anythingSchema');

export function useAccount() {
  return useQuery({ queryKey: queryKeys.account, queryFn: ({ signal }) => api.get('account', shape('ownAccountSchema'), { signal }) });
}

export function useSessions() {
  return useQuery({ queryKey: queryKeys.sessions, queryFn: ({ signal }) => api.get('sessions', shape('sessionListSchema'), { signal }) });
}

export function useUsers(enabled: boolean) {
  return useQuery({
    queryKey: queryKeys.users,
    queryFn: ({ signal }) => api.get('users', shape('userListSchema'), { signal }),
    enabled,
  });
}

/** A change of accounts; what shows them is read again. */
function useChange<I, R>(change: (input: I) => Promise<R>, ...keys: (readonly string[])[]) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}

const { account, grants, session, sessions, users } = queryKeys;

export const useRename = () => useChange((name: string) => api.patch('account', anything, { body: { name } }), account, session, users);
export const useChangePassword = () =>
  useChange((body: { current: string; next: string }) => api.post('account/password', anything, { body }), sessions);
export const useBeginTotp = () => useChange((_: null) => api.post('account/totp', shape('newTotpSchema'), { body: {} }));
export const useConfirmTotp = () =>
  useChange((code: string) => api.post('account/totp/confirm', shape('recoveryCodesSchema'), { body: { code } }), account);
export const useRemoveTotp = () => useChange((_: null) => api.delete('account/totp', anything), account);
export const useNewRecoveryCodes = () =>
  useChange((_: null) => api.post('account/recovery-codes', shape('recoveryCodesSchema'), { body: {} }), account);
export const useAddPasskey = () => useChange(enrolPasskey, account);
export const useRemovePasskey = () =>
  useChange((id: string) => api.delete(`account/passkeys/${encodeURIComponent(id)}`, anything), account);
export const useEndSession = () => useChange((id: string) => api.delete(`sessions/${encodeURIComponent(id)}`, anything), sessions);
export const useEndOtherSessions = () => useChange((_: null) => api.delete('sessions', anything), sessions);

const userPath = (id: string, part = '') => `users/${encodeURIComponent(id)}${part}`;
export const useInvite = () =>
  useChange((body: { email: string; name: string; role: Role }) => api.post('users', shape('invitedSchema'), { body }), users, grants);
export const useChangeUser = () =>
  useChange(
    ({ id, ...body }: { id: string; role?: Role; disabled?: boolean }) => api.patch(userPath(id), shape('userSchema'), { body }),
    users,
    grants,
  );
export const useDeleteUser = () => useChange((id: string) => api.delete(userPath(id), anything), users, grants);
export const useNewLink = () =>
  useChange(
    ({ id, kind }: { id: string; kind: LinkKind }) => api.post(userPath(id, '/link'), shape('oneTimeLinkSchema'), { body: { kind } }),
    users,
  );
export const useEndUserSessions = () => useChange((id: string) => api.delete(userPath(id, '/sessions'), anything), users);

/** Once what needs it fresh was refused. */
export const showCode = (code: string) => api.post('auth/step-up', anything, { body: { code } });
