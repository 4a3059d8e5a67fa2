import { createHash, randomBytes } from 'node:crypto';
import type { Db } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { readCookie, setCookie } from './cookie.ts';

/** Long enough to look for the phone. */
const LIFE_MS = 10 * 60_000;

/**
 * factor: the password was right, the second factor is to come. passkey: to sign in. step-up: to show the passkey again. new-passkey: to enrol it.
 * oidc: sent to the provider.
 */
export type ChallengeKind = 'factor' | 'passkey' | 'step-up' | 'new-passkey' | 'oidc';
export type Challenge = { userId: string | null; value: string };
export type Challenges = ReturnType<typeof createChallenges>;

/** What a sign-in in several steps leaves between two of them. The browser has a random cookie, the database that cookie's hash. */
export function createChallenges(deps: { db: Db; clock: Clock; cookiePrefix: string; secure: boolean }) {
  const { db, clock, secure } = deps;
  const nameOf = (kind: ChallengeKind) => `${secure ? '__Secure-' : ''}${deps.cookiePrefix}.${kind}`;
  const find = (headers: Headers, kind: ChallengeKind) =>
    db
      .selectFrom('challenges')
      .select(['sha256', 'userId', 'value'])
      .where('sha256', '=', hash(readCookie(headers, nameOf(kind)) ?? ''))
      .where('kind', '=', kind)
      .where('expiresAt', '>', clock.now());
  return {
    /** The Set-Cookie header. */
    async open(kind: ChallengeKind, { userId, value }: Challenge): Promise<string> {
      const secret = randomBytes(32).toString('base64url');
      const expiresAt = clock.now() + LIFE_MS;
      await db.deleteFrom('challenges').where('expiresAt', '<', clock.now()).execute();
      await db
        .insertInto('challenges')
        .values({ sha256: hash(secret), kind, userId, value, expiresAt })
        .execute();
      return setCookie(nameOf(kind), secret, { maxAgeSeconds: LIFE_MS / 1000, secure });
    },
    /** Without using it up. */
    async look(headers: Headers, kind: ChallengeKind): Promise<Challenge | null> {
      const row = await find(headers, kind).executeTakeFirst();
      return row ? { userId: row.userId, value: row.value } : null;
    },
    /** Good once: of two that come together, one gets it. */
    async take(headers: Headers, kind: ChallengeKind): Promise<Challenge | null> {
      const row = await find(headers, kind).executeTakeFirst();
      if (!row) return null;
      const { numDeletedRows } = await db.deleteFrom('challenges').where('sha256', '=', row.sha256).executeTakeFirst();
      return numDeletedRows === 1n ? { userId: row.userId, value: row.value } : null;
    },
    forget: (kind: ChallengeKind): string => setCookie(nameOf(kind), '', { maxAgeSeconds: 0, secure }),
  };
}

const hash = (secret: string): string => createHash('sha256').update(secret).digest('hex');
