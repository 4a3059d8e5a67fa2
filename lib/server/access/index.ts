import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import type { Actor } from '#shared/access.ts';
import { createTokens } from './tokens.ts';

export { createToken, revokeToken } from './tokens.ts';

export type Access = ReturnType<typeof createAccess>;

/** Who is asking: an API token, or a person's session cookie. */
export function createAccess({ db, clock }: { db: Db; clock: Clock }) {
  const tokens = createTokens({ db, clock });
  return {
    tokens,
    /** A bearer token counts alone: a wrong one is not made good by a cookie. */
    async authenticate(headers: Headers): Promise<Actor | null> {
      const authorization = headers.get('authorization');
      if (authorization !== null) {
        const token = /^Bearer\s+(hr_[A-Za-z0-9_-]{1,200})$/i.exec(authorization)?.[1];
        return token === undefined ? null : tokens.authenticate(token);
      }
      return null;
    },
  };
}
