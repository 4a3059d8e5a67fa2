import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pinHostKey } from '#server/ssh/index.ts';
import { testDatabase } from '#test/support/database.ts';
import { admin, pin, registerNode } from '#test/support/ssh-client.ts';

const KEY = `SHA256:${'a'.repeat(43)}`;
const OTHER = `SHA256:${'b'.repeat(43)}`;

test('who is admin on some nodes cannot take in the machine of another one under a new name', async (t) => {
  const db = await testDatabase(t);
  for (const id of ['n_theirs', 'n_core', 'n_mine', 'n_fourth']) await registerNode(db, id);
  await pin(db, 'n_core', KEY);
  const scoped = { ...admin, grants: [{ role: 'admin' as const, selector: 'name=node-n_mine,node-n_theirs' }] };
  const by = (actor: typeof admin | typeof scoped, id: string, fingerprint: string) =>
    db.transaction().execute((tx) => pinHostKey.run(tx, pinHostKey.input.parse({ id, fingerprint }), { actor, now: 1000 }));
  await assert.rejects(by(scoped, 'n_mine', KEY), { code: 'auth.forbidden', message: /one machine/ });
  await assert.rejects(by(scoped, 'n_mine', KEY), (error: Error) => !error.message.includes('n_core'), 'the other one stays unnamed');
  await by(scoped, 'n_mine', OTHER);
  await by(scoped, 'n_theirs', OTHER);
  await by(admin, 'n_fourth', KEY);
});
