import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { adoptConfig } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { testConsole } from '#test/support/console.ts';
import { registerNode } from '#test/support/ssh-client.ts';

const ADMIN: Actor = { kind: 'user', id: 'u_1', name: 'ada', role: 'admin' };
const OPERATOR: Actor = { kind: 'user', id: 'u_2', name: 'ann', role: 'operator' };
const [ONE, TWO] = ['1'.repeat(64), '2'.repeat(64)];
const code = (wanted: string) => (error: unknown) => {
  assert.ok(isHeadroomError(error), String(error));
  assert.equal(error.code, wanted);
  return true;
};

test('what lies on a node becomes what was agreed; only who may write nodes says so, and not while a run holds it', async (t) => {
  const { runtime } = await testConsole(t);
  await registerNode(runtime.db, 'n_1');
  assert.equal((await runtime.configFiles.seen('n_1', ONE)).drift, false);
  assert.equal((await runtime.configFiles.seen('n_1', TWO)).drift, true);
  await assert.rejects(runtime.command(OPERATOR, adoptConfig, { id: 'n_1', sha256: TWO }), code('auth.forbidden'));
  assert.deepEqual(await runtime.command(ADMIN, adoptConfig, { id: 'n_1', sha256: TWO }), { sha256: TWO, adopted: true });
  assert.equal((await runtime.configFiles.seen('n_1', TWO)).drift, false);
  const entry = await runtime.db
    .selectFrom('audit')
    .selectAll()
    .where('action', '=', 'config.adopt')
    .where('result', '=', 'ok')
    .executeTakeFirst();
  assert.match(JSON.stringify(entry), new RegExp(`${ONE}.*${TWO}`), 'the audit has both');
  await runtime.db.executeQuery(sql`PRAGMA foreign_keys = OFF`.compile(runtime.db));
  await runtime.db.insertInto('runLocks').values({ nodeId: 'n_1', runId: 'r_1' }).execute();
  await assert.rejects(runtime.command(ADMIN, adoptConfig, { id: 'n_1', sha256: ONE }), code('node.busy'));
  await assert.rejects(runtime.command(ADMIN, adoptConfig, { id: 'n_none', sha256: TWO }), code('node.not-found'));
});
