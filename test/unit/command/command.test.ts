import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import type { Tx } from '#server/db/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { HeadroomError, isHeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import type { Actor } from '#shared/access.ts';
import type { LiveEvent } from '#shared/events.ts';
import { testDatabase } from '#test/support/database.ts';

const ADMIN: Actor = { kind: 'token', id: 't_admin', name: 'admin', role: 'admin' };
const VIEWER: Actor = { kind: 'token', id: 't_viewer', name: 'viewer', role: 'viewer' };
const input = z.object({ key: z.string(), value: z.string().min(2) });

const put: Verb<typeof input, Tx, { key: string; at: number }> = {
  name: 'setting.put',
  permission: 'node.write',
  input,
  async run(tx, { key, value }, { now }) {
    await tx.insertInto('settings').values({ key, value, updatedAt: now }).execute();
    if (value === 'fails') throw new HeadroomError('node.busy', 'no');
    return { result: { key, at: now }, object: `setting:${key}`, after: { value }, events: [{ type: 'node.changed', nodeId: key }] };
  },
};

async function setUp(t: TestContext) {
  const db = await testDatabase(t);
  const events = createEventHub();
  const published: LiveEvent[] = [];
  events.subscribe((_id, event) => published.push(event));
  let now = 1000;
  const clock = { now: () => now, sleep: async () => {} };
  const audit = createAudit({ db });
  const command = createCommand({ db, audit, events, clock });
  const stored = () => db.selectFrom('settings').selectAll().execute();
  const advance = (ms: number) => {
    now += ms;
  };
  return { db, audit, command, published, stored, advance };
}

const withCode = (code: string) => (error: unknown) => isHeadroomError(error) && error.code === code;

describe('command', () => {
  test('does the verb, writes who did what to which object, and then tells', async (t) => {
    const { command, audit, published, stored } = await setUp(t);
    assert.deepEqual(await command(ADMIN, put, { key: 'a', value: 'one' }), { key: 'a', at: 1000 });
    assert.equal((await stored()).length, 1);
    const [row] = await audit.list({ limit: 10 });
    assert.deepEqual(
      [row?.actorId, row?.action, row?.object, row?.result, row?.after],
      ['t_admin', 'setting.put', 'setting:a', 'ok', '{"value":"one"}'],
    );
    assert.deepEqual(published, [
      { type: 'node.changed', nodeId: 'a' },
      { type: 'audit.appended', seq: 1 },
    ]);
  });

  test('refuses an actor without the permission, does nothing, and records the refusal', async (t) => {
    const { command, audit, stored } = await setUp(t);
    await assert.rejects(command(VIEWER, put, { key: 'a', value: 'one' }), withCode('auth.forbidden'));
    assert.deepEqual(await stored(), []);
    const [row] = await audit.list({ limit: 10 });
    assert.deepEqual([row?.actorId, row?.action, row?.result], ['t_viewer', 'setting.put', 'refused']);
  });

  test('refuses an input that is not what the verb takes, and names each field', async (t) => {
    const { command, audit } = await setUp(t);
    await assert.rejects(command(ADMIN, put, { key: 1, value: 'x' }), (error) => {
      assert.ok(isHeadroomError(error) && error.code === 'request.invalid');
      assert.deepEqual(
        error.fields?.map((field) => field.path),
        ['key', 'value'],
      );
      return true;
    });
    assert.deepEqual(await audit.list({ limit: 10 }), []);
  });

  test('of a verb that fails nothing stays and nothing is told', async (t) => {
    const { command, audit, published, stored } = await setUp(t);
    await assert.rejects(command(ADMIN, put, { key: 'a', value: 'fails' }), withCode('node.busy'));
    assert.deepEqual([await stored(), await audit.list({ limit: 10 }), published], [[], [], []]);
  });
});

describe('Idempotency-Key', () => {
  test('the same key with the same body gives the same answer, and the verb runs once', async (t) => {
    const { command, audit, advance } = await setUp(t);
    const first = await command(ADMIN, put, { key: 'a', value: 'one' }, { idempotencyKey: 'k' });
    advance(5000);
    assert.deepEqual(await command(ADMIN, put, { value: 'one', key: 'a' }, { idempotencyKey: 'k' }), first);
    assert.equal((await audit.list({ limit: 10 })).length, 1);
  });

  test('two requests at the same time are one', async (t) => {
    const { command, stored } = await setUp(t);
    const ask = () => command(ADMIN, put, { key: 'a', value: 'one' }, { idempotencyKey: 'k' });
    const [one, two] = await Promise.all([ask(), ask()]);
    assert.deepEqual(one, two);
    assert.equal((await stored()).length, 1);
  });

  test('the same key with another body is a conflict', async (t) => {
    const { command } = await setUp(t);
    await command(ADMIN, put, { key: 'a', value: 'one' }, { idempotencyKey: 'k' });
    await assert.rejects(
      command(ADMIN, put, { key: 'a', value: 'two' }, { idempotencyKey: 'k' }),
      withCode('request.idempotency-conflict'),
    );
  });

  test("one actor's key says nothing about another's", async (t) => {
    const { command, stored } = await setUp(t);
    await command(ADMIN, put, { key: 'a', value: 'one' }, { idempotencyKey: 'k' });
    await command({ ...ADMIN, id: 't_other' }, put, { key: 'b', value: 'one' }, { idempotencyKey: 'k' });
    assert.equal((await stored()).length, 2);
  });

  test('a verb that failed is tried again', async (t) => {
    const { command, stored } = await setUp(t);
    const ask = (value: string) => command(ADMIN, put, { key: 'a', value }, { idempotencyKey: 'k' });
    await assert.rejects(ask('fails'), withCode('node.busy'));
    await ask('one');
    assert.equal((await stored()).length, 1);
  });

  test('is forgotten after a day', async (t) => {
    const { command, stored, advance } = await setUp(t);
    await command(ADMIN, put, { key: 'a', value: 'one' }, { idempotencyKey: 'k' });
    advance(24 * 3600_000 + 1);
    await command(ADMIN, put, { key: 'b', value: 'two' }, { idempotencyKey: 'k' });
    assert.equal((await stored()).length, 2);
  });

  test('an answer that held a secret is not kept: asking again is a conflict', async (t) => {
    const { db, command } = await setUp(t);
    const secret: typeof put = { ...put, run: async () => ({ result: { key: 'hr_secret', at: 0 }, object: '-', secret: true }) };
    await command(ADMIN, secret, { key: 'a', value: 'one' }, { idempotencyKey: 'k' });
    assert.ok(!JSON.stringify(await db.selectFrom('idempotency').selectAll().execute()).includes('hr_secret'));
    await assert.rejects(
      command(ADMIN, secret, { key: 'a', value: 'one' }, { idempotencyKey: 'k' }),
      withCode('request.idempotency-conflict'),
    );
  });

  test('of who holds the permission on some nodes, runs a verb on these alone, by their labels at that instant', async (t) => {
    const { db, audit, command } = await setUp(t);
    const row = { host: 'h', sshPort: 22, user: 'u', unit: 'p', configPath: '/c', metrics: '{"via":"none"}', version: 1, createdAt: 0 };
    for (const [id, group] of [
      ['n_a', 'a'],
      ['n_b', 'b'],
    ] as const)
      await db
        .insertInto('nodes')
        .values({ ...row, id, name: id, labels: JSON.stringify({ group }) })
        .execute();
    const some: Actor = { kind: 'user', id: 'u_1', name: 'Ada', role: 'admin', grants: [{ role: 'admin', selector: 'group=a' }] };
    const ids = z.object({ ids: z.array(z.string()) });
    const touch: Verb<typeof ids, Tx, string> = {
      name: 'node.touch',
      permission: 'node.write',
      input: ids,
      nodes: (_tx, input) => input.ids,
      run: async (_tx, input) => ({ result: input.ids.join(), object: 'x' }),
    };
    assert.equal(await command(some, touch, { ids: ['n_a'] }), 'n_a');
    for (const foreign of [['n_b'], ['n_a', 'n_b'], ['n_a', 'n_gone'], []])
      await assert.rejects(command(some, touch, { ids: foreign }), withCode('auth.forbidden'), foreign.join());
    const { nodes: _, ...silent } = touch;
    await assert.rejects(command(some, silent, { ids: ['n_a'] }), withCode('auth.forbidden'));
    assert.equal((await audit.list({ limit: 1 }))[0]?.result, 'refused');
    await db.updateTable('nodes').set({ labels: '{"group":"b"}' }).where('id', '=', 'n_a').execute();
    await assert.rejects(command(some, touch, { ids: ['n_a'] }), withCode('auth.forbidden'));
  });
});
