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
export const DATABASE_ANSWERS_WITHIN_MS = 30_000;
const NUMBERS = new Set([20, 21, 23, 26, 700, 701]); // int8, int2, int4, oid, float4, float8

const BOOLEAN = 16;
/** As SQLite says it. */
const flag = (text: string): number => (text === 't' ? 1 : 0);

/** A pool to the PostgreSQL that `url` names. It connects with the first question, and again after the database was gone. */
export function openPostgres({ url, onError }: { url: string; onError: (error: unknown) => void }): Postgres {
  const pool = openPool({ ...connectionOptions(url), max: CONNECTIONS }, onError);
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

/** What every connection of ours has. Whole numbers and reals come as numbers, truths as 1 and 0. */
export const connectionOptions = (url: string) => ({
  connectionString: url,
  connectionTimeoutMillis: CONNECT_WITHIN_MS,
  query_timeout: DATABASE_ANSWERS_WITHIN_MS,
  idle_in_transaction_session_timeout: DATABASE_ANSWERS_WITHIN_MS,
  keepAlive: true,
  application_name: 'headroom',
  types: { getTypeParser: (oid: number) => (NUMBERS.has(oid) ? Number : oid === BOOLEAN ? flag : (text: string) => text) },
});

/** The driver is loaded where it is used: most consoles, and the threads that share this module, never need its 15 MB. */
export async function openPool(options: pg.PoolConfig, onError: (error: unknown) => void): Promise<pg.Pool> {
  const { default: driver } = await import('pg');
  const pool = new driver.Pool(options);
  // an idle connection that breaks; the next question opens another
  pool.on('error', onError);
  // and one that breaks while it is in use, between two questions: who uses it hears of it by the next
  pool.on('connect', (client) => client.on('error', onError));
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

/** Class 08: connection; 57P: the server stops, starts, or ended us; 53300: too many clients; 25P03: we stood still in a transaction. */
const AWAY_STATES = /^(08|57P|53300|25P03)/;
const AWAY_WORDS = /^(Connection terminated|timeout exceeded|Query read timeout|Client has encountered|connection timeout)/i;

/** The database does not answer, or broke the connection off; whether the last statement of it counts is not known then. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return AWAY_STATES.test(code) || /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|ENOTFOUND)/.test(code) || AWAY_WORDS.test(error.message);
}
