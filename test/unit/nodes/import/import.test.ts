import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'kysely';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { addNode, createNodes, importNodes } from '#server/nodes/index.ts';
import type { Actor } from '#shared/access.ts';
import { testDatabase } from '#test/support/database.ts';

const ADMIN: Actor = { kind: 'token', id: 't', name: 'admin', role: 'admin' };
const VIEWER: Actor = { kind: 'token', id: 'v', name: 'viewer', role: 'viewer' };
const withCode = (code: string) => (error: unknown) => isHeadroomError(error) && error.code === code;
const CSV = 'name,host,user\nedge-01,10.0.0.11,root\nedge-02,10.0.0.2,\nBAD_NAME,10.0.0.3,\n';
const request = { format: 'csv', text: CSV, defaults: { user: 'sre' } };

async function setUp(t: TestContext) {
  const db = await testDatabase(t);
  const audit = createAudit({ db });
  const command = createCommand({ db, audit, events: createEventHub(), clock: systemClock });
  const first = await command(ADMIN, addNode, { name: 'edge-01', host: '10.0.0.1', user: 'sre', labels: { zone: 'eu' } });
  return { db, audit, command, first, nodes: createNodes({ db }) };
}

test('an import adds and changes what it can in one audited act; what is no node is left out and named', async (t) => {
  const { command, nodes, first, audit } = await setUp(t);
  const plan = await command(ADMIN, importNodes, request);
  assert.deepEqual(plan.counts, { add: 1, change: 1, same: 0, 'left-out': 0, conflict: 0, invalid: 1 });
  assert.equal(plan.stored, true);
  const list = await nodes.list();
  assert.deepEqual(
    list.map(({ name, host, user, version }) => [name, host, user, version]),
    [
      ['edge-01', '10.0.0.11', 'root', 2],
      ['edge-02', '10.0.0.2', 'sre', 1],
    ],
  );
  assert.deepEqual(list[0]?.labels, { zone: 'eu' }, 'what the text does not say stays');
  assert.equal(list[0]?.id, first.id);
  const entries = await audit.list({ limit: 5 });
  assert.equal(entries.filter(({ action }) => action === 'node.import').length, 1);
});

test('the same import again changes nothing; under one Idempotency-Key it is not run again', async (t) => {
  const { command, nodes } = await setUp(t);
  const once = await command(ADMIN, importNodes, request, { idempotencyKey: 'k' });
  const before = await nodes.list();
  assert.deepEqual(await command(ADMIN, importNodes, request, { idempotencyKey: 'k' }), once);
  assert.equal((await command(ADMIN, importNodes, request)).counts.same, 2);
  assert.deepEqual(await nodes.list(), before);
});

test('a node that a run is changing is not pointed elsewhere: then nothing of the import is stored', async (t) => {
  const { command, nodes, db, first } = await setUp(t);
  await db.executeQuery(sql`PRAGMA foreign_keys = OFF`.compile(db));
  await db.insertInto('runLocks').values({ nodeId: first.id, runId: 'r_1' }).execute();
  await assert.rejects(command(ADMIN, importNodes, request), withCode('node.busy'));
  assert.equal((await nodes.list()).length, 1);
});

test('who may not write nodes may not import', async (t) => {
  const { command, nodes } = await setUp(t);
  await assert.rejects(command(VIEWER, importNodes, request), withCode('auth.forbidden'));
  assert.equal((await nodes.list()).length, 1);
});
