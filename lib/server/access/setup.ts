import { randomBytes, timingSafeEqual } from 'node:crypto';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Sessions } from './sessions.ts';
import { tokenHash } from './tokens.ts';

/** The first admin: whoever holds the link that the console printed on its own terminal. It is good once, and until the console stops. */
export function createSetup({ sessions }: { sessions: Pick<Sessions, 'hasAdmin' | 'createUser'> }) {
  let wanted: string | null = null;
  return {
    /** The link's token; null when there is an admin already. */
    async open(): Promise<string | null> {
      if (await sessions.hasAdmin()) return null;
      const token = randomBytes(32).toString('base64url');
      wanted = tokenHash(token);
      return token;
    },
    isOpen: (): boolean => wanted !== null,
    async complete(input: { token: string; email: string; password: string; name: string }): Promise<string> {
      // another process, or the environment, may have made one since the link was printed
      if (await sessions.hasAdmin()) wanted = null;
      if (wanted === null) throw new HeadroomError('auth.setup-done', 'an admin exists already: sign in, or ask that admin for an account');
      if (!sameText(tokenHash(input.token), wanted))
        throw new HeadroomError('auth.bad-setup-link', 'the setup link is not the one that the console printed last: open that one');
      const held = wanted;
      wanted = null;
      try {
        return await sessions.createUser({ email: input.email, name: input.name, password: input.password, role: 'admin' });
      } catch (error) {
        wanted = held;
        throw error;
      }
    },
  };
}

/** In constant time for texts of the same length. */
export const sameText = (a: string, b: string): boolean => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
