import { openPostgres, type Postgres } from '#server/db/index.ts';
import { DEFAULT_RETENTION, type Retention } from '#server/kernel/retention.ts';
import { foldInto, joined, sameBucket, samplesToBuckets, split } from './bucket-row.ts';
import { takeColumns } from './columns.ts';
import { OpenBuckets } from './open-buckets.ts';
import { BUCKET_TABLES, createPartitions, createTables, insertRows, packed, RAW_TABLE, type Table } from './postgres-tables.ts';
import { AT, SAMPLE_WIDTH, THIN_MS } from './sample-row.ts';
import { type MetricStore, type Shelf, type StoreOptions, storeOn } from './store.ts';
import { planQuery, RAW, WIDEST_MS } from './tiers.ts';

type Ask = Postgres['query'];

/** Samples in PostgreSQL: the tables of the SQLite file, in partitions of a day. Fails when the database does not answer. */
export async function openPostgresStore(options: StoreOptions & { url: string; retention?: Retention }): Promise<MetricStore> {
  const postgres = openPostgres({
    url: options.url,
    onError: (error) => options.onError?.('A connection to PostgreSQL broke; another one is opened.', error),
  });
  try {
    await createTables(postgres);
    return await storeOn(createShelf(postgres, options.retention ?? DEFAULT_RETENTION, options.now ?? Date.now), options);
  } catch (error) {
    await postgres.close();
    throw error;
  }
}

function createShelf(postgres: Postgres, retention: Retention, now: () => number): Shelf {
  const tables = [RAW_TABLE, ...BUCKET_TABLES];
  const partitions = new Map(tables.map((table) => [table, createPartitions(table)]));
  const kept = new Map<Table, number>(
    tables.map((table, i) => [table, [retention.rawMs, retention.minuteMs, retention.quarterMs][i] ?? retention.quarterMs]),
  );
  const ids = new Map<string, number>();
  const open = new OpenBuckets();
  /** the nodes of which the open buckets follow from what is committed; the others are read again before they are written */
  const ready = new Set<number>();
  /** writers one after the other: open buckets are theirs together */
  let writing: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const done = writing.then(work);
    writing = done.catch(() => undefined);
    return done;
  };

  const columnsOf = (table: Table) => table.columns.join(', ');
  /** Rows past their retention are not answered, also while their partition lives on for the younger ones in it. */
  const since = (table: Table, fromMs: number) => Math.max(fromMs, now() - (kept.get(table) ?? 0));
  const select = async (table: Table, node: number, fromMs: number, toMs: number) =>
    packed(
      await postgres.query(`SELECT ${columnsOf(table)} FROM ${table.name} WHERE node = $1 AND at >= $2 AND at < $3 ORDER BY ${table.key}`, [
        node,
        Math.max(Math.round(fromMs), Number.MIN_SAFE_INTEGER),
        Math.min(Math.round(toMs), Number.MAX_SAFE_INTEGER),
      ]),
      table.columns.length,
    );

  async function readIds(): Promise<void> {
    for (const [id, key] of await postgres.query('SELECT id, key FROM metric_node')) ids.set(String(key), Number(id));
  }

  /** Those of the nodes that this process has not written to, or not since another one did. */
  async function load(keys: Iterable<string>): Promise<void> {
    for (const key of new Set(keys)) {
      const node = ids.get(key);
      if (node === undefined || ready.has(node)) continue;
      open.drop(node);
      await foldLast(node, open);
      ready.add(node);
    }
  }

  /** The buckets that the newest samples of a node leave open. */
  async function foldLast(node: number, into: OpenBuckets): Promise<void> {
    const [row] = await postgres.query('SELECT max(at) FROM metric_raw WHERE node = $1', [node]);
    const last = row?.[0];
    if (typeof last !== 'number') return;
    const rows = await select(RAW_TABLE, node, Math.floor(last / WIDEST_MS) * WIDEST_MS, last + 1);
    for (let from = 0; from < rows.length; from += SAMPLE_WIDTH) into.fold(node, rows.subarray(from, from + SAMPLE_WIDTH), () => undefined);
  }

  /** A transaction on tables whose partitions are there; when it fails, memory is read again from what is committed. */
  async function write(keys: readonly string[], work: (ask: Ask, put: Put) => Promise<void>): Promise<void> {
    if (keys.some((key) => !ids.has(key))) await readIds();
    await load(keys);
    const made: [Table, number[]][] = [];
    const put: Put = async (ask, table, nodes, rows, onConflict) => {
      if (rows.length === 0) return [];
      const times = rows.map((row) => row[AT] ?? 0);
      await partitions.get(table)?.make(ask, times);
      made.push([table, times]);
      return insertRows(ask, table, nodes, rows, onConflict);
    };
    try {
      await postgres.transaction((ask) => work(ask, put));
      for (const [table, times] of made) partitions.get(table)?.keep(times);
    } catch (error) {
      ready.clear();
      open.clear();
      ids.clear();
      throw error;
    }
  }

  /** The buckets that `work` closes, a statement a tier. */
  async function storing(ask: Ask, put: Put, work: (store: (tier: number, node: number, bucket: Float64Array) => void) => void) {
    const closed = BUCKET_TABLES.map(() => ({ nodes: [] as number[], rows: [] as Float64Array[] }));
    work((tier, node, bucket) => {
      closed[tier]?.nodes.push(node);
      closed[tier]?.rows.push(bucket);
    });
    for (const [tier, table] of BUCKET_TABLES.entries()) {
      const { nodes, rows } = closed[tier] ?? { nodes: [], rows: [] };
      await put(ask, table, nodes, rows, 'replace');
    }
  }

  async function addNodes(ask: Ask, keys: Iterable<string>): Promise<void> {
    for (const key of new Set(keys)) {
      if (ids.has(key)) continue;
      const [row] = await ask('INSERT INTO metric_node (key) VALUES ($1) ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id', [
        key,
      ]);
      ids.set(key, Number(row?.[0]));
      ready.add(Number(row?.[0]));
    }
  }

  /** Another process may have written of a node first. */
  async function idOf(key: string): Promise<number | undefined> {
    if (!ids.has(key)) await readIds();
    return ids.get(key);
  }

  async function raw(key: string, fromMs: number, toMs: number): Promise<Float64Array> {
    const node = await idOf(key);
    return node === undefined ? new Float64Array() : select(RAW_TABLE, node, since(RAW_TABLE, fromMs), toMs);
  }

  return {
    append: (keys, packedRows) =>
      alone(() =>
        write(keys, async (ask, put) => {
          await addNodes(ask, keys);
          const nodes = keys.map((key) => ids.get(key) ?? 0);
          const rows = keys.map((_, i) => packedRows.subarray(i * SAMPLE_WIDTH, (i + 1) * SAMPLE_WIDTH));
          const added = new Set((await put(ask, RAW_TABLE, nodes, rows, 'keep')).map(([node, at]) => `${node} ${at}`));
          await storing(ask, put, (store) =>
            rows.forEach((row, i) => {
              if (added.delete(`${nodes[i]} ${row[AT]}`)) open.fold(nodes[i] ?? 0, row, store);
            }),
          );
        }),
      ),
    raw,
    columns: async (key, fromMs, toMs, places) => takeColumns(await raw(key, fromMs, toMs), places),
    async query(key, query, nowMs) {
      const { tier, step, from } = planQuery(query, nowMs, retention);
      const node = await idOf(key);
      const table = BUCKET_TABLES[tier] ?? RAW_TABLE;
      if (node === undefined) return { stepMs: step, rows: new Float64Array() };
      const buckets = ready.has(node) ? open : new OpenBuckets();
      if (buckets !== open && tier !== RAW) await foldLast(node, buckets);
      const growing = buckets.within(node, tier, since(table, from), query.toMs);
      const stored = await select(table, node, since(table, from), query.toMs);
      if (tier === RAW) return { stepMs: step, rows: joined(samplesToBuckets(step, stored)) };
      return { stepMs: step, rows: joined(foldInto(step, withOpen(stored, growing))) };
    },
    async *recent(sinceMs, fullSinceMs) {
      await readIds();
      for (const [key, node] of ids) {
        const older = await postgres.query(
          `SELECT * FROM (SELECT DISTINCT ON (at / ${THIN_MS}, process_start) ${columnsOf(RAW_TABLE)} FROM metric_raw WHERE node = $1 AND at >= $2 AND at < $3 ORDER BY at / ${THIN_MS}, process_start, at) thin ORDER BY at`,
          [node, sinceMs, fullSinceMs],
        );
        const newer = await select(RAW_TABLE, node, fullSinceMs, Number.MAX_SAFE_INTEGER);
        const rows = new Float64Array(older.length * SAMPLE_WIDTH + newer.length);
        rows.set(packed(older, SAMPLE_WIDTH));
        rows.set(newer, older.length * SAMPLE_WIDTH);
        yield { key, rows };
      }
    },
    async prune(nowMs) {
      await alone(() => write([], (ask, put) => storing(ask, put, (store) => open.closeEnded(nowMs, store))));
      for (const [table, of] of partitions) {
        await of.makeAhead(postgres, nowMs);
        await of.drop(postgres, nowMs - (kept.get(table) ?? 0));
      }
    },
    release(key) {
      const node = ids.get(key);
      if (node === undefined) return;
      void alone(async () => {
        ready.delete(node);
        open.drop(node);
      });
    },
    close: () => alone(() => postgres.close()),
  };
}

type Put = (
  ask: Ask,
  table: Table,
  nodes: readonly number[],
  rows: readonly Float64Array[],
  onConflict: 'keep' | 'replace',
) => ReturnType<typeof insertRows>;

/** A bucket that was committed while it was looked up is there once. */
function withOpen(stored: Float64Array, open: readonly Float64Array[]): Float64Array[] {
  const rows = [...split(stored)];
  const last = rows[rows.length - 1];
  return [...rows, ...open.filter((bucket) => !last || !sameBucket(bucket, last))];
}
