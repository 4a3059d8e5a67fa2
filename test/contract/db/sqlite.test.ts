import { testDatabase } from '#test/support/database.ts';
import { type OpenDatabase, sharedContract, valueContract, writerContract } from './stores.ts';

/** One process has it, through one connection. */
const open: OpenDatabase = async (t) => {
  const db = await testDatabase(t);
  return { db, another: async () => db };
};
valueContract('SQLite', open);
writerContract('SQLite', open);
sharedContract('SQLite', open);
