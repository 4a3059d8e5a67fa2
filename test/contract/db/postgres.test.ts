import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
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
    eventContract(async () => emptyDatabase(server.url));

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
      await server.kill();
      await assert.rejects(ask(), (error) => isHeadroomError(error) && error.code === 'server.unavailable');
      await assert.rejects(
        db.transaction().execute((tx) => tx.selectFrom('migrations').select('name').execute()),
        (error) => isHeadroomError(error) && error.code === 'server.unavailable',
      );
      await server.again();
      await until('it answers', async () => (await ask()).length > 0);
    });
  });
