import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Db, openDatabase } from '#server/db/index.ts';
import { migratePostgres } from '#server/db/migrate.ts';
import { MIGRATIONS } from '#server/db/migrations/index.ts';
import { isHeadroomError } from '#server/kernel/errors.ts';
import { emptyDatabase } from '#test/support/database.ts';
import { programs, startPostgres } from '#test/support/real-servers.ts';
import { until } from '#test/support/until.ts';
import { eventContract } from './events.ts';
import { type OpenDatabase, sharedContract, valueContract, writerContract } from './stores.ts';
import { workerContract } from './workers.ts';

const bin = programs.postgres();
if (bin === null) test('the console on PostgreSQL', { skip: 'PostgreSQL is not installed' }, () => undefined);
else
  describe('on a real PostgreSQL', () => {
    let server: Awaited<ReturnType<typeof startPostgres>>;
    before(async () => {
      server = await startPostgres(bin);
    });
    after(() => server.stop());

    const open: OpenDatabase = async (t) => {
      const url = await emptyDatabase(server.url);
      const another = async (): Promise<Db> => {
        const db = await openDatabase({ url });
        t.after(() => db.destroy());
        return db;
      };
      return { db: await another(), another };
    };
    valueContract('PostgreSQL', open);
    writerContract('PostgreSQL', open);
    sharedContract('PostgreSQL', open);
    eventContract(() => emptyDatabase(server.url));
    workerContract(() => emptyDatabase(server.url));

    test('consoles that start together migrate once, and one of before is brought up to date', async (t) => {
      const url = await emptyDatabase(server.url);
      const all = await Promise.all(Array.from({ length: 4 }, () => openDatabase({ url })));
      t.after(() => Promise.all(all.map((db) => db.destroy())));
      const rows = await all[0]?.selectFrom('migrations').selectAll().execute();
      assert.deepEqual(rows?.map(({ name }) => name).sort(), MIGRATIONS.map(({ name }) => name).sort());
    });

    test('the schema of an earlier version keeps its rows, and that of a later one is refused', async (t) => {
      const { db } = await open(t);
      for (const { name } of MIGRATIONS.slice(9)) await db.deleteFrom('migrations').where('name', '=', name).execute();
      await sql`DROP SCHEMA public CASCADE`.execute(db);
      await sql`CREATE SCHEMA public`.execute(db);
      await migratePostgres(db, MIGRATIONS.slice(0, 9));
      await db.insertInto('settings').values({ key: 'a', value: 'kept', updatedAt: 1 }).execute();
      assert.deepEqual(
        await migratePostgres(db),
        MIGRATIONS.slice(9).map(({ name }) => name),
      );
      assert.equal((await db.selectFrom('settings').selectAll().executeTakeFirst())?.value, 'kept');
      await db.insertInto('migrations').values({ name: '9999-later', appliedAt: 1 }).execute();
      await assert.rejects(migratePostgres(db), /written by a newer Headroom \(it has 9999-later\)/);
    });

    test('every table of SQLite is there with the same columns, and takes nothing where that takes nothing', async (t) => {
      const shape = async (db: Db) =>
        (await db.introspection.getTables())
          .filter(({ name }) => !SHARED_ONLY.includes(name))
          .flatMap(({ name, columns }) => columns.map((column) => `${name}.${column.name}${column.isNullable ? '?' : ''}`))
          .sort();
      const file = await openDatabase({ file: ':memory:' });
      t.after(() => file.destroy());
      const keys = new Set(await keyColumns(file));
      const same = (columns: string[]) => columns.map((column) => (keys.has(column.replace('?', '')) ? column.replace('?', '') : column));
      assert.deepEqual(same(await shape((await open(t)).db)), same(await shape(file)));
    });

    test('nobody changes, deletes or empties the audit', async (t) => {
      const { db } = await open(t);
      for (const statement of ["UPDATE audit SET action = 'x'", 'DELETE FROM audit', 'TRUNCATE audit']) {
        await sql`INSERT INTO audit VALUES (1, 1, 'a', 'a', 'a', 'a', 'a', 'ok', NULL, NULL, '', '') ON CONFLICT DO NOTHING`.execute(db);
        await assert.rejects(sql.raw(statement).execute(db), /append-only/, statement);
      }
    });

    test('a database that is away is said to be, and is used again once it is back', async (t) => {
      const { db } = await open(t);
      const ask = () => db.selectFrom('migrations').select('name').execute();
      const away = (error: unknown) => isHeadroomError(error) && error.code === 'server.unavailable';
      const between = db.transaction().execute(async (tx) => {
        await tx.selectFrom('migrations').select('name').execute();
        await server.kill();
        // its connection breaks while nothing is asked on it, which must not end this process
        await sleep(100);
        await tx.selectFrom('migrations').select('name').execute();
      });
      await assert.rejects(between, away);
      await assert.rejects(ask(), away);
      await assert.rejects(
        db.transaction().execute((tx) => tx.selectFrom('migrations').select('name').execute()),
        away,
      );
      await server.again();
      await until('it answers', async () => (await ask()).length > 0);
    });
  });

/** Several processes tell one another by them. */
const SHARED_ONLY = ['events', 'workers', 'scrapeOwners', 'nodeHealth'];

/** Keys of SQLite may be null by their declaration alone. */
async function keyColumns(db: Db): Promise<string[]> {
  const { rows } = await sql<{ column: string }>`
    SELECT m.name || '.' || c.name AS column FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.pk > 0
  `.execute(db);
  return rows.map(({ column }) => column);
}
