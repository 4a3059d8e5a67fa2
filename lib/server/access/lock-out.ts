import type { Db } from '#server/db/index.ts';
import { networkOf } from '#server/kernel/client-address.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';

/** Failures are forgotten after this long without another one. */
const MEMORY_MS = 15 * 60_000;
/** Who guesses at a second factor has the password, and six digits are guessed in a month if they are asked for fifty times every quarter of an hour. */
const FACTOR_MEMORY_MS = 24 * 3600_000;
const FIRST_LOCK_MS = 60_000;
const LONGEST_LOCK_MS = 15 * 60_000;

/**
 * How many failures each key may have before it is locked. One address against one account is locked soon; an account from anywhere, and an
 * address against any account, later: guessing is slow, and a stranger cannot lock a person out with five requests.
 */
const limits = (email: string, remote: string): [key: string, failures: number][] => [
  [`pair:${email.toLowerCase()}|${networkOf(remote)}`, 5],
  [`email:${email.toLowerCase()}`, 50],
  [`remote:${networkOf(remote)}`, 30],
];

/** What a guess that was wrong ends with; everything else is no guess. */
const WRONG = ['auth.invalid-credentials', 'auth.wrong-code', 'auth.wrong-password'];

export type LockOut = ReturnType<typeof createLockOut>;

export function createLockOut({ db, clock }: { db: Db; clock: Clock }) {
  /** Of each account, the guess that is under way: many at once would all pass before the first is counted. */
  const underWay = new Map<string, Promise<unknown>>();

  const lock = {
    /** One guess of what lets somebody in. `account`: an e-mail, or another name of what is guessed. */
    async attempt<T>(account: string, remote: string, guess: () => Promise<T>, onWrong?: () => Promise<void>): Promise<T> {
      const key = account.toLowerCase();
      const before = underWay.get(key) ?? Promise.resolve();
      const mine = before.then(() => counted(account, remote, guess, onWrong));
      const settled = mine.catch(() => undefined);
      underWay.set(key, settled);
      try {
        return await mine;
      } finally {
        if (underWay.get(key) === settled) underWay.delete(key);
      }
    },
    async assertOpen(email: string, remote: string): Promise<void> {
      const keys = limits(email, remote).map(([key]) => key);
      const rows = await db.selectFrom('signInFailures').select('lockedUntil').where('key', 'in', keys).execute();
      const leftMs = Math.max(0, ...rows.map((row) => row.lockedUntil - clock.now()));
      if (leftMs > 0) throw new HeadroomError('auth.locked-out', `too many failed sign-ins: try again in ${Math.ceil(leftMs / 1000)} s`);
    },
    async failed(email: string, remote: string): Promise<void> {
      const now = clock.now();
      await db.transaction().execute(async (tx) => {
        await tx
          .deleteFrom('signInFailures')
          .where('lockedUntil', '<', now)
          .where((eb) =>
            eb.or([
              eb.and([eb('key', 'not like', 'email:factor %'), eb('lastAt', '<', now - MEMORY_MS)]),
              eb('lastAt', '<', now - FACTOR_MEMORY_MS),
            ]),
          )
          .execute();
        for (const [key, allowed] of limits(email, remote)) {
          const before = await tx.selectFrom('signInFailures').select('count').where('key', '=', key).executeTakeFirst();
          const count = (before?.count ?? 0) + 1;
          const lockMs = count < allowed ? 0 : Math.min(LONGEST_LOCK_MS, FIRST_LOCK_MS * 2 ** (count - allowed));
          const row = { count, lastAt: now, lockedUntil: now + lockMs };
          await tx
            .insertInto('signInFailures')
            .values({ key, ...row })
            .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
            .execute();
        }
      });
    },
    async succeeded(email: string, remote: string): Promise<void> {
      const [pair] = limits(email, remote);
      if (pair) await db.deleteFrom('signInFailures').where('key', '=', pair[0]).execute();
    },
  };
  return lock;

  async function counted<T>(account: string, remote: string, guess: () => Promise<T>, onWrong?: () => Promise<void>): Promise<T> {
    await lock.assertOpen(account, remote);
    try {
      const done = await guess();
      await lock.succeeded(account, remote);
      return done;
    } catch (error) {
      if (isHeadroomError(error) && WRONG.includes(error.code)) {
        await lock.failed(account, remote);
        await onWrong?.();
      }
      throw error;
    }
  }
}
