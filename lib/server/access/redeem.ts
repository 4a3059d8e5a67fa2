import type { Db, Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { HeadroomError } from '#server/kernel/errors.ts';
import type { Settings } from '#server/settings/index.ts';
import { passwordSchema } from '#shared/access.ts';
import { dropFactors } from './factors.ts';
import { holderOf, type LinkHolder, useLink } from './links.ts';
import type { LockOut } from './lock-out.ts';
import type { Passwords } from './passwords.ts';
import type { createRateLimit } from './rate-limit.ts';
import { setPassword } from './sessions.ts';
import type { createSignIn, FactorNeeded, Happened, SignedIn } from './sign-in.ts';

type Deps = {
  db: Db;
  clock: Clock;
  passwords: Passwords;
  lockOut: LockOut;
  rateLimit: ReturnType<typeof createRateLimit>;
  sealed: Settings['sealed'];
  signIn: ReturnType<typeof createSignIn>;
  append: (tx: Tx, entry: Happened) => Promise<unknown>;
};

/** One-time links: an invitation, a new password, a lost second factor. */
export function createRedeem(deps: Deps) {
  const { db, clock, passwords, lockOut, rateLimit, sealed, signIn, append } = deps;

  const hasPassword = async (userId: string): Promise<boolean> =>
    (await db.selectFrom('account').select('id').where('userId', '=', userId).where('password', 'is not', null).executeTakeFirst()) !==
    undefined;

  /** What the link does, its use and the audit of it, in one transaction. */
  const use = (token: string, effect: (tx: Tx, holder: LinkHolder) => Promise<void>) =>
    db.transaction().execute(async (tx) => {
      const holder = await useLink(tx, token, clock.now());
      await effect(tx, holder);
      const actor = { kind: 'user', id: holder.userId, name: holder.name, role: 'viewer' } as const;
      await append(tx, {
        actor,
        action: 'user.link-used',
        object: `user:${holder.userId}`,
        result: 'ok',
        after: { kind: holder.kind },
        at: clock.now(),
      });
    });

  async function setNewPassword(token: string, password: string): Promise<void> {
    const hash = await passwords.hash(password);
    await use(token, async (tx, { userId }) => {
      await setPassword(tx, userId, hash, clock.now());
      await tx.deleteFrom('session').where('userId', '=', userId).execute();
    });
  }

  async function takeFactorsOff(token: string, holder: LinkHolder, password: string, remote: string): Promise<void> {
    if (await hasPassword(holder.userId))
      await lockOut.attempt(holder.email, remote, async () => {
        if (!(await passwords.check(holder.userId, password)))
          throw new HeadroomError('auth.wrong-password', 'the password is another one');
      });
    await use(token, async (tx, { userId }) => {
      await dropFactors(tx, sealed, userId);
      await tx.deleteFrom('session').where('userId', '=', userId).execute();
    });
  }

  return {
    async look(token: string, remote: string) {
      rateLimit.take(remote);
      const { kind, email, name, userId } = await holderOf(db, token, clock.now());
      return { kind, email, name, hasPassword: await hasPassword(userId) };
    },
    async redeem(
      input: { token: string; password?: string | undefined },
      headers: Headers,
      remote: string,
    ): Promise<SignedIn | FactorNeeded> {
      rateLimit.take(remote);
      const holder = await holderOf(db, input.token, clock.now());
      if (holder.kind === 'second-factor') await takeFactorsOff(input.token, holder, input.password ?? '', remote);
      else {
        const parsed = passwordSchema.safeParse(input.password);
        if (!parsed.success) {
          const message = parsed.error.issues[0]?.message ?? 'must be 12 characters or more';
          throw new HeadroomError('request.invalid', `the password ${message}`, { fields: [{ path: 'password', message }] });
        }
        await setNewPassword(input.token, parsed.data);
      }
      return signIn.goOn(holder.userId, 'link', headers, remote);
    },
  };
}
