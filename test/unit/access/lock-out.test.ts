import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLockOut } from '#server/access/lock-out.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import { testDatabase } from '#test/support/database.ts';

const MINUTE = 60_000;

/** How many of `tries` guesses, each from a network of its own, were weighed and not locked out. */
async function world(t: Parameters<typeof testDatabase>[0]) {
  let now = 1_700_000_000_000;
  const lockOut = createLockOut({ db: await testDatabase(t), clock: { now: () => now, sleep: async () => {} } });
  const guess = async (account: string, from: string): Promise<boolean> => {
    const wrong = async () => {
      throw new HeadroomError('auth.wrong-code', 'wrong');
    };
    const error: unknown = await lockOut.attempt(account, from, wrong).catch((thrown) => thrown);
    return isHeadroomError(error) && error.code === 'auth.wrong-code';
  };
  let network = 0;
  return {
    wait(ms: number): void {
      now += ms;
    },
    guess,
    async weighed(account: string, tries: number): Promise<number> {
      let count = 0;
      for (let i = 0; i < tries; i++) if (await guess(account, `2001:db8:0:${(++network).toString(16)}::1`)) count++;
      return count;
    },
  };
}

test('guesses at a second factor stay few for a day, from however many networks; guesses at a password are forgotten sooner', async (t) => {
  const { weighed, wait } = await world(t);
  for (const [account, anew] of [
    ['factor u_1', 1],
    ['ann@x.test', 50],
  ] as const) {
    assert.equal(await weighed(account, 60), 50);
    wait(16 * MINUTE);
    assert.equal(await weighed(account, 60), anew, account);
  }
  wait(24 * 60 * MINUTE);
  assert.equal(await weighed('factor u_1', 60), 50);
});

test('addresses of one IPv6 network are one guesser', async (t) => {
  const { guess } = await world(t);
  const weighed = [];
  for (let i = 1; i <= 7; i++) weighed.push(await guess('ann@x.test', `2001:db8::${i}`));
  assert.deepEqual(weighed, [true, true, true, true, true, false, false]);
});
