import { hashPassword, verifyPassword } from 'better-auth/crypto';
import type { Db } from '#server/db/index.ts';

/** Of no password: checked for who is not there, so that an unknown e-mail takes as long as a wrong password. */
const NOBODYS_HASH = `${'0'.repeat(32)}:${'0'.repeat(128)}`;

export type Passwords = ReturnType<typeof createPasswords>;

/** What better-auth keeps: scrypt, with a salt of its own. */
export function createPasswords({ db, verify = verifyPassword }: { db: Db; verify?: typeof verifyPassword }) {
  return {
    hash: (password: string): Promise<string> => hashPassword(password),
    /** One hash is computed whatever is asked: for a person without a password, and for nobody, too. */
    async check(userId: string | null, password: string): Promise<boolean> {
      const row =
        userId === null
          ? undefined
          : await db
              .selectFrom('account')
              .select('password')
              .where('userId', '=', userId)
              .where('providerId', '=', 'credential')
              .executeTakeFirst();
      const kept = row?.password ?? null;
      const right = await verify({ hash: kept ?? NOBODYS_HASH, password });
      return right && kept !== null;
    },
  };
}
