import type { TestContext } from 'node:test';
import { type Db, openDatabase } from '#server/db/index.ts';

/** A database of the test's own, in memory, gone when the test ends. */
export async function testDatabase(t: Pick<TestContext, 'after'>): Promise<Db> {
  const db = await openDatabase({ file: ':memory:' });
  t.after(() => db.destroy());
  return db;
}
