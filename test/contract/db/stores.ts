import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { createToken, revokeToken } from '#server/access/index.ts';
import { createTokens } from '#server/access/tokens.ts';
import { createAudit } from '#server/audit/index.ts';
import { createCommand } from '#server/command/index.ts';
import type { Db, Tx } from '#server/db/index.ts';
import { createEventHub } from '#server/events/index.ts';
import { systemClock } from '#server/kernel/clock.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import type { Verb } from '#server/kernel/verb.ts';
import { addNode, createNodes } from '#server/nodes/index.ts';
import { createRunbooks, createSaveRunbook, ownRunbooks, savedVersions } from '#server/runbooks/index.ts';
import { createSettings } from '#server/settings/index.ts';
import type { Actor } from '#shared/access.ts';
import { testKeyring } from '#test/support/keyring.ts';

/** `another`: the same database as another process has it; where there is only one process, the same object. */
export type Opened = { db: Db; another(): Promise<Db> };
export type OpenDatabase = (t: TestContext) => Promise<Opened>;

const ADMIN: Actor = { kind: 'token', id: 't_1', name: 'admin', role: 'admin' };
/** Somebody whose tokens last as long as they ask: what a token makes ends with it. */
const PERSON: Actor = { kind: 'user', id: 'u_1', name: 'ada', role: 'admin' };
const NODE = { name: 'edge-1', host: '10.0.0.1', sshPort: 22, user: 'sre', metrics: { via: 'none' } };
const WRITERS = 8;
const EACH = 5;

const consoleOn = (db: Db) => {
  const audit = createAudit({ db });
  return { audit, command: createCommand({ db, audit, events: createEventHub(), clock: systemClock }) };
};
const handles = async (opened: Opened, count = WRITERS): Promise<Db[]> => [
  opened.db,
  ...(await Promise.all(Array.from({ length: count - 1 }, () => opened.another()))),
];
const withCode = (code: string) => (error: unknown) => isHeadroomError(error) && error.code === code;

const countUp: Verb<z.ZodObject<{ key: z.ZodString }>, Tx, number> = {
  name: 'test.count-up',
  permission: 'node.write',
  input: z.object({ key: z.string() }),
  async run(tx, { key }, { now }) {
    const row = await tx.selectFrom('settings').select('value').where('key', '=', key).executeTakeFirst();
    const value = `${Number(row?.value ?? 0) + 1}`;
    await tx
      .insertInto('settings')
      .values({ key, value, updatedAt: now })
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value, updatedAt: now }))
      .execute();
    return { result: Number(value), object: `setting:${key}`, after: { value } };
  },
};

/** What every module relies on, whatever the database is. */
export function valueContract(name: string, open: OpenDatabase): void {
  describe(`values in ${name}`, () => {
    test('instants, flags, nothing and every character come back as they were', async (t) => {
      const { db } = await open(t);
      const at = 1_795_570_000_123;
      const text = 'ä \u{1f600} \' " \\ $1 ? %\n\t';
      await db.insertInto('settings').values({ key: text, value: text, updatedAt: at }).execute();
      const row = await db.selectFrom('settings').selectAll().executeTakeFirstOrThrow();
      assert.deepEqual({ ...row }, { key: text, value: text, updatedAt: at });
      const host = { nodeId: 'n_1', pinned: null, pinnedAt: null, pinnedBy: null, reason: null, offered: null, offeredAt: at, blocked: 1 };
      await consoleOn(db).command(ADMIN, addNode, NODE);
      const { id } = await db.selectFrom('nodes').select('id').executeTakeFirstOrThrow();
      await db
        .insertInto('hostKeys')
        .values({ ...host, nodeId: id })
        .execute();
      const kept = await db.selectFrom('hostKeys').selectAll().executeTakeFirstOrThrow();
      assert.deepEqual([kept.pinned, kept.offeredAt, kept.blocked, kept.pinnedKey], [null, at, 1, null]);
    });

    test('dates and truths of the sign-in library are kept as text and 0 or 1', async (t) => {
      const { db } = await open(t);
      const now = new Date('2026-11-25T01:02:03.456Z');
      const user = { id: 'u_1', name: 'Ada', email: 'ada@example.com', image: null, role: 'viewer' };
      // what the library binds
      const bound = { emailVerified: true, createdAt: now, updatedAt: now } as unknown as {
        emailVerified: number;
        createdAt: string;
        updatedAt: string;
      };
      await db
        .insertInto('user')
        .values({ ...user, ...bound })
        .execute();
      const kept = await db.selectFrom('user').selectAll().where('email', '=', 'ada@example.com').executeTakeFirstOrThrow();
      assert.deepEqual([kept.emailVerified, kept.createdAt], [1, '2026-11-25T01:02:03.456Z']);
    });

    test('a list of nothing is asked for without an error, and counts are numbers', async (t) => {
      const { db } = await open(t);
      assert.deepEqual(await db.selectFrom('nodes').selectAll().where('id', 'in', []).execute(), []);
      const { count } = await db
        .selectFrom('nodes')
        .select((eb) => eb.fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      assert.equal(count, 0);
      const deleted = await db.deleteFrom('nodes').where('id', '=', 'n_none').executeTakeFirst();
      assert.equal(Number(deleted.numDeletedRows), 0);
    });

    test('of a transaction that fails nothing stays, and the next one works', async (t) => {
      const { db } = await open(t);
      const failing = db.transaction().execute(async (tx) => {
        await tx.insertInto('settings').values({ key: 'a', value: '1', updatedAt: 1 }).execute();
        await tx.insertInto('settings').values({ key: 'a', value: '2', updatedAt: 1 }).execute();
      });
      await assert.rejects(failing);
      assert.deepEqual(await db.selectFrom('settings').selectAll().execute(), []);
      await db.transaction().execute((tx) => tx.insertInto('settings').values({ key: 'a', value: '3', updatedAt: 1 }).execute());
      assert.equal((await db.selectFrom('settings').selectAll().execute()).length, 1);
    });
  });
}

/** What holds with any number of writers. */
export function writerContract(name: string, open: OpenDatabase): void {
  describe(`${WRITERS} writers at once in ${name}`, () => {
    test('look and then write as if they were alone: nothing is lost', async (t) => {
      const opened = await open(t);
      const consoles = (await handles(opened)).map(consoleOn);
      await Promise.all(
        consoles.map(async ({ command }) => {
          for (let i = 0; i < EACH; i++) await command(ADMIN, countUp, { key: 'n' });
        }),
      );
      const row = await opened.db.selectFrom('settings').select('value').where('key', '=', 'n').executeTakeFirstOrThrow();
      assert.equal(Number(row.value), WRITERS * EACH);
    });

    test('the audit has no gap, and its chain holds', async (t) => {
      const opened = await open(t);
      const consoles = (await handles(opened)).map(consoleOn);
      const entry = { actor: ADMIN, action: 'a', object: 'o', result: 'ok' as const, at: 1 };
      await Promise.all(
        consoles.map(async ({ audit, command }, i) => {
          for (let n = 0; n < EACH; n++) await (i % 2 ? audit.record(entry) : command(ADMIN, countUp, { key: `${i}` }));
        }),
      );
      const rows = await opened.db.selectFrom('audit').select('seq').orderBy('seq').execute();
      assert.deepEqual(
        rows.map(({ seq }) => seq),
        Array.from({ length: WRITERS * EACH }, (_, i) => i + 1),
      );
      const { brokenAt, rows: verified } = await createAudit({ db: opened.db }).verify();
      assert.deepEqual([brokenAt, verified], [null, WRITERS * EACH]);
    });

    test('one Idempotency-Key is one act, and everybody has its answer', async (t) => {
      const opened = await open(t);
      const consoles = (await handles(opened)).map(consoleOn);
      const answers = await Promise.all(consoles.map(({ command }) => command(ADMIN, countUp, { key: 'n' }, { idempotencyKey: 'k' })));
      assert.deepEqual(new Set(answers), new Set([1]));
      assert.equal((await opened.db.selectFrom('audit').selectAll().execute()).length, 1);
    });

    test('of two nodes of one name the second is refused in words', async (t) => {
      const opened = await open(t);
      const consoles = (await handles(opened)).map(consoleOn);
      const asked = await Promise.allSettled(consoles.map(({ command }) => command(ADMIN, addNode, NODE)));
      assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const one of asked) if (one.status === 'rejected') assert.ok(withCode('node.name-taken')(one.reason), String(one.reason));
    });

    test('one run holds a node', async (t) => {
      const opened = await open(t);
      const all = await handles(opened);
      const taken = await Promise.allSettled(
        all.map((db, i) =>
          db.transaction().execute(async (tx) => {
            await tx
              .insertInto('runs')
              .values(runRow(`r_${i}`))
              .execute();
            await tx
              .insertInto('runLocks')
              .values({ nodeId: 'n_1', runId: `r_${i}` })
              .execute();
          }),
        ),
      );
      assert.equal(taken.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal((await opened.db.selectFrom('runs').selectAll().execute()).length, 1);
    });

    test('all of them have the one SSH key that was made', async (t) => {
      const opened = await open(t);
      const secret = randomBytes(32);
      const all = await handles(opened);
      const keys = await Promise.all(
        all.map(async (db) => (await createSettings({ db, keyring: await testKeyring(db, secret) }).sshIdentity()).publicKey),
      );
      assert.equal(new Set(keys).size, 1);
    });
  });
}

/** What one process writes another one reads. */
export function sharedContract(name: string, open: OpenDatabase): void {
  describe(`two consoles on ${name}`, () => {
    test('a token that one makes is good at the other until it is taken back', async (t) => {
      const opened = await open(t);
      const other = createTokens({ db: await opened.another(), clock: systemClock });
      const { command } = consoleOn(opened.db);
      const made = await command(PERSON, createToken, { name: 'ci', role: 'viewer' });
      assert.equal((await other.authenticate(made.token))?.name, 'ci');
      await command(ADMIN, revokeToken, { id: made.id });
      assert.equal(await other.authenticate(made.token), null);
    });

    test('nodes, secrets and runbook versions are the same at both', async (t) => {
      const opened = await open(t);
      const [db, other] = [opened.db, await opened.another()];
      const { command } = consoleOn(db);
      const node = await command(ADMIN, addNode, NODE);
      assert.deepEqual(await createNodes({ db: other }).get(node.id), node);
      const secret = randomBytes(32);
      await createSettings({ db, keyring: await testKeyring(db, secret) }).sealed.set('a', 'the words');
      assert.equal(await createSettings({ db: other, keyring: await testKeyring(other, secret) }).sealed.get('a'), 'the words');
      const runbooks = createRunbooks({ own: ownRunbooks({ db, folder: '/nonexistent' }) });
      const save = createSaveRunbook(runbooks);
      for (const title of ['One', 'Two']) await command(ADMIN, save, { text: runbookText(title) });
      const versions = await savedVersions(other, 'restart-only');
      assert.equal(versions.length, 2);
    });
  });
}

const runRow = (id: string) => ({
  ...{ id, runbookKey: 'k', runbookVersion: 'v', runbookTitle: 't', runbookText: '', selector: 'name=a', strategy: '{}', params: '{}' },
  ...{
    dryRun: 0,
    mutates: 1,
    status: 'running',
    verdict: null,
    summary: '',
    startedBy: 'a',
    startedById: 't_1',
    createdAt: 1,
    finishedAt: null,
  },
  ...{ control: null, controlBy: null, acceptedFailures: 0, approveBy: null, approvedBy: null, approvedAt: null, override: null },
  ...{ leaseOwner: null, leaseUntil: null },
});

const runbookText = (title: string) => `---
key: restart-only
title: ${title}
summary: Restarts.
mutates: true
---

## Restart

### Restart

\`\`\`step
key: restart
kind: service
params:
  action: restart
timeout: 120
\`\`\`
`;
