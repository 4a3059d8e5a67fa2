import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { type Db, openDatabase } from '#server/db/index.ts';

/**
 * A database of the test's own, gone when the test ends: in memory, or with HEADROOM_TEST_POSTGRES (the URL of a server whose user may make
 * databases) on that PostgreSQL, so that a suite written for one runs on the other.
 */
export async function testDatabase(t: Pick<TestContext, 'after'>): Promise<Db> {
  const server = process.env.HEADROOM_TEST_POSTGRES;
  const db = await openDatabase(server ? { url: await emptyDatabase(server) } : { file: ':memory:' });
  t.after(() => db.destroy());
  return db;
}

/** The URL of a new database on the server that `url` names. */
export async function emptyDatabase(url: string): Promise<string> {
  const name = `t_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return url.replace(/[^/]+$/, name);
}
