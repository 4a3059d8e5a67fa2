import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { z } from 'zod';
import {
  createdTokenSchema,
  type Permission,
  roleMay,
  type Session,
  sessionSchema,
  type signInInputSchema,
  type tokenInputSchema,
  tokenSchema,
} from '#shared/access.ts';
import { api, isProblemError } from './http.ts';
import { queryKeys } from './query-keys.ts';

const anything = z.unknown();
const tokenListSchema = z.object({ tokens: z.array(tokenSchema) });

export function useSession() {
  return useQuery({
    queryKey: queryKeys.session,
    queryFn: ({ signal }) => api.get('session', sessionSchema, { signal }),
    staleTime: 60_000,
  });
}

/** What a page offers; the console checks it again on every call. */
export const may = (session: Session | undefined, permission: Permission): boolean =>
  session !== undefined && roleMay(session.actor.role, permission);

/** Where to go when the console says who-are-you: the sign-in page, and back here afterwards. */
export function signInPath(error: unknown, here: string): string | null {
  if (!isProblemError(error) || error.code !== 'auth.required') return null;
  return here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`;
}

/** Only paths of this console are followed after signing in. */
export const safeNext = (next: string | null): string => (next && /^\/(?![/\\])/.test(next) ? next : '/');

export const signIn = (input: z.infer<typeof signInInputSchema>) => api.post('auth/sign-in', anything, { body: input });
export const signOut = () => api.post('auth/sign-out', anything, { body: {} });
export const setUp = (input: { token: string; email: string; password: string; name: string }) =>
  api.post('setup', anything, { body: input });

export function useTokens() {
  return useQuery({ queryKey: queryKeys.tokens, queryFn: ({ signal }) => api.get('tokens', tokenListSchema, { signal }) });
}

export function useCreateToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: z.input<typeof tokenInputSchema>) => api.post('tokens', createdTokenSchema, { body: input }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.tokens }),
  });
}

export function useRevokeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`tokens/${encodeURIComponent(id)}`, anything),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.tokens }),
  });
}
