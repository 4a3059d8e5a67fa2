import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { z } from 'zod';
import type { Session, signInInputSchema, tokenInputSchema } from '#shared/access.ts';
import { mayEverywhere, maySomewhere } from '#shared/grants.ts';
import { isOfNodes, type Permission } from '#shared/roles.ts';
import { sessionShape } from './first-shapes.ts';
import { api, isProblemError } from './http.ts';
import { queryKeys } from './query-keys.ts';
import { shape } from './shape.ts';

export function useSession() {
  return useQuery({
    queryKey: queryKeys.session,
    queryFn: ({ signal }) => api.get('session', sessionShape, { signal }),
    staleTime: 60_000,
  });
}

/**
 * What a page offers; the console checks it again on every call. What is done to nodes is offered to who may do it to some of them, everything else to who may
 * everywhere.
 */
export function may(session: Session | undefined, permission: Permission): boolean {
  if (session === undefined) return false;
  return isOfNodes(permission) ? maySomewhere(holderOf(session), permission) : mayAll(session, permission);
}

/** On every node, and on what belongs to none: to stop all runs, to verify the audit. */
export const mayAll = (session: Session | undefined, permission: Permission): boolean =>
  session !== undefined && mayEverywhere(holderOf(session), permission);

const holderOf = ({ actor: { role, grants } }: Session) => ({ role, ...(grants && { grants }) });

/** Where to go when the console says who-are-you: the sign-in page, and back here afterwards. */
export function signInPath(error: unknown, here: string): string | null {
  if (!isProblemError(error) || error.code !== 'auth.required') return null;
  return here === '/' ? '/login' : `/login?next=${encodeURIComponent(here)}`;
}

export { safeNext } from '#shared/next-path.ts';

export const signIn = (input: z.infer<typeof signInInputSchema>) => api.post('auth/sign-in', shape('signInAnswerSchema'), { body: input });
export const enterCode = (code: string) => api.post('auth/second-factor', shape('signInAnswerSchema'), { body: { code } });
export const signOut = () => api.post('auth/sign-out', shape('anythingSchema'), { body: {} });
export const setUp = (input: { token: string; email: string; password: string; name: string }) =>
  api.post('setup', shape('anythingSchema'), { body: input });

/** Whether nobody is admin yet: then there is nobody to sign in as. */
export function useSetupIsOpen(): boolean {
  const { data } = useQuery({
    queryKey: queryKeys.setup,
    queryFn: ({ signal }) => api.get('setup', shape('setupSchema'), { signal }),
    retry: false,
  });
  return data?.open ?? false;
}

/** The ways in that this console has at this address. */
export function useSignInMethods() {
  return useQuery({
    queryKey: queryKeys.signInMethods,
    queryFn: ({ signal }) => api.get('auth/methods', shape('signInMethodsSchema'), { signal }),
    retry: false,
  });
}

/** What a one-time link is for, and what it does. */
export const lookAtLink = (token: string) => api.post('auth/links', shape('linkFacesSchema'), { body: { token } });
export const redeemLink = (input: { token: string; password?: string }) =>
  api.post('auth/links/redeem', shape('signInAnswerSchema'), { body: input });

export function useTokens() {
  return useQuery({ queryKey: queryKeys.tokens, queryFn: ({ signal }) => api.get('tokens', shape('tokenListSchema'), { signal }) });
}

export function useCreateToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (input: z.input<typeof tokenInputSchema>) => api.post('tokens', shape('createdTokenSchema'), { body: input }),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.tokens }),
  });
}

export function useRevokeToken() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => api.delete(`tokens/${encodeURIComponent(id)}`, shape('anythingSchema')),
    onSuccess: () => client.invalidateQueries({ queryKey: queryKeys.tokens }),
  });
}
