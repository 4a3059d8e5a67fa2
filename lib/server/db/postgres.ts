import type pg from 'pg';

export type SqlValue = number | string | null;
export type SqlRow = readonly SqlValue[];
type Ask = (sql: string, values?: readonly SqlValue[]) => Promise<SqlRow[]>;

/** Rows as arrays; whole numbers and reals come as numbers, so keep them below 2^53. */
export type Postgres = {
  query: Ask;
  /** one connection, one transaction; rolled back when `work` fails */
  transaction<T>(work: (query: Ask) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

const CONNECTIONS = 4;
const CONNECT_WITHIN_MS = 5000;
/** No question of ours needs longer; a database that hangs is told from one that works. */
const ANSWER_WITHIN_MS = 30_000;
const NUMBERS = new Set([20, 21, 23, 26, 700, 701]); // int8, int2, int4, oid, float4, float8

/** A pool to the PostgreSQL that `url` names. It connects with the first question, and again after the database was gone. */
export function openPostgres({ url, onError }: { url: string; onError: (error: unknown) => void }): Postgres {
  const pool = makePool(
    {
      connectionString: url,
      max: CONNECTIONS,
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
      query_timeout: ANSWER_WITHIN_MS,
      idle_in_transaction_session_timeout: ANSWER_WITHIN_MS,
      application_name: 'headroom',
      types: { getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : (text: string) => text) },
    },
    onError,
  );
  const asker =
    (client: Pick<pg.ClientBase, 'query'>): Ask =>
    async (text, values = []) =>
      (await client.query<SqlValue[]>({ text, values: [...values], rowMode: 'array' })).rows;
  return {
    query: async (sql, values) => {
      const client = await (await pool).connect();
      return released(client, () => asker(client)(sql, values));
    },
    async transaction(work) {
      const client = await (await pool).connect();
      return released(client, async () => {
        await client.query('BEGIN');
        const result = await work(asker(client));
        await client.query('COMMIT');
        return result;
      });
    },
    close: async () => (await pool).end(),
  };
}

/** The driver is loaded here alone: most consoles, and the threads that share this module, never need its 15 MB. */
async function makePool(options: pg.PoolConfig, onError: (error: unknown) => void): Promise<pg.Pool> {
  const { default: driver } = await import('pg');
  const pool = new driver.Pool(options);
  // an idle connection that breaks; the next question opens another
  pool.on('error', onError);
  return pool;
}

/** A connection that a question failed on is not used again: closing it ends its transaction too. */
async function released<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}
