import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSetup } from '#server/access/setup.ts';

test('a setup link is good for nothing once there is an admin, whoever made it, and for one admin only', async () => {
  const admins: string[] = [];
  const sessions = {
    hasAdmin: async () => admins.length > 0,
    createUser: async ({ email }: { email: string }) => `u_${admins.push(email)}`,
  };
  const person = { password: 'long enough for this', name: 'Ann' };

  const [here, elsewhere] = [createSetup({ sessions }), createSetup({ sessions })];
  const [token, other] = [(await here.open()) ?? '', (await elsewhere.open()) ?? ''];
  const tries = await Promise.allSettled(['a@x.test', 'b@x.test'].map((email) => here.complete({ ...person, token, email })));
  assert.deepEqual(tries.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(admins.length, 1);
  await assert.rejects(elsewhere.complete({ ...person, token: other, email: 'c@x.test' }), { code: 'auth.setup-done' });
  assert.deepEqual([admins.length, elsewhere.isOpen()], [1, false]);
});
