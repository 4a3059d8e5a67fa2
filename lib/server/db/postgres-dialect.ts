import {
  CompiledQuery,
  type DatabaseConnection,
  PostgresAdapter,
  PostgresDialect,
  PostgresDriver,
  type PostgresPool,
  type PostgresPoolClient,
  type PostgresQueryResult,
  type TransactionSettings,
} from 'kysely';
import type pg from 'pg';
import { HeadroomError } from '#server/kernel/errors.ts';
import { connectionOptions, DATABASE_ANSWERS_WITHIN_MS, isDatabaseAway, openPool } from './postgres.ts';
import { SHARED } from './shared.ts';

const CONNECTIONS = 10;
/** A process that stands still inside a transaction (stopped, its link cut) holds up every other one's for this long. */
const IDLE_IN_TRANSACTION_MS = 10_000;

/**
 * Kysely's dialect with three things of the SQLite side: flags and dates are bound as 0/1 and ISO text, transactions of all processes run one
 * after the other, and a database that does not answer is `server.unavailable`.
 */
export function createPostgresDialect(options: { url: string; onError: (error: unknown) => void }): PostgresDialect {
  const pool = openPool(
    { ...connectionOptions(options.url), max: CONNECTIONS, idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS },
    options.onError,
  );
  const config = { pool: adaptPool(pool) };
  return new (class extends PostgresDialect {
    override createAdapter = () => new SharedAdapter();
    override createDriver = () => new SerialDriver(config);
  })(config);
}

/** How the modules above tell that other processes use the same database. */
class SharedAdapter extends PostgresAdapter {
  readonly [SHARED] = true;
}

/** Any number that no other program on this database takes; transactions of the console hold it. */
const TRANSACTIONS = 4_021_970_001;

/** Verbs look and then write, as they may on SQLite's one connection; a lock that ends with the transaction keeps that true for any number of them. */
class SerialDriver extends PostgresDriver {
  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    await super.beginTransaction(connection, settings);
    try {
      await connection.executeQuery(CompiledQuery.raw(`SELECT pg_advisory_xact_lock(${TRANSACTIONS})`));
    } catch (error) {
      await connection.executeQuery(CompiledQuery.raw('ROLLBACK')).catch(() => undefined);
      throw error;
    }
  }
}

function adaptPool(pool: Promise<pg.Pool>): PostgresPool {
  return {
    async connect() {
      try {
        return adaptClient(await (await pool).connect());
      } catch (error) {
        throw away(error);
      }
    },
    end: async () => (await pool).end(),
  };
}

function adaptClient(client: pg.PoolClient): PostgresPoolClient {
  let broken = false;
  const query = async <R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> => {
    try {
      return asResult<R>(await client.query({ text: sql, values: parameters.map(bindable) }));
    } catch (error) {
      if (isDatabaseAway(error)) broken = true;
      throw away(error);
    }
  };
  // of the two forms in Kysely's type, cursors are never asked for: nothing here streams
  return { query, release: (discard?: boolean) => client.release(broken || discard === true) } as PostgresPoolClient;
}

const bindable = (value: unknown): unknown => {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (value instanceof Date) return value.toISOString();
  return value;
};

/** The driver's answer, seen as what Kysely takes of it. */
const asResult = <R>(result: pg.QueryResult): PostgresQueryResult<R> => result as unknown as PostgresQueryResult<R>;

const away = (error: unknown): unknown =>
  isDatabaseAway(error)
    ? new HeadroomError(
        'server.unavailable',
        `the database did not answer within ${DATABASE_ANSWERS_WITHIN_MS / 1000} s, or is restarting: nothing was changed; ask again`,
        { cause: error },
      )
    : error;
