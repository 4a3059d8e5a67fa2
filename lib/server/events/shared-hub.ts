import { sql } from 'kysely';
import { type Db, openListener, type Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Log } from '#server/kernel/log.ts';
import type { LiveEvent } from '#shared/events.ts';
import { type About, createRing, type EventHub } from './hub.ts';

/** Samples of so many ms travel together; everything else at once. */
const BATCH_MS = 200;
const MOST_OF_A_ROW = 500;
/** Ids of the events of one row: its own × this, and on. */
const ROW_SPAN = 1000;
/** Of a thousand nodes half a minute of samples, for browsers that come from another process. */
const KEPT = 6000;
const READ_AT_ONCE = 100;
/** Besides being told: a word that was lost is found by then. */
const LOOK_EVERY_MS = 1000;
const RETRY_MS = 500;
/** Events that wait for the database, at most: the oldest samples go first. */
const MOST_WAITING = 20_000;
/** Rows that every process has read long since. */
const KEPT_ROWS_MS = 10 * 60_000;

const CHANNEL = 'headroom_events';
const ASK_CHANNEL = 'headroom_ask';

type Waiting = { event: LiveEvent; about: About };
export type SharedHub = EventHub & {
  /** Reads what is there; until then nothing is held. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** A word to the other processes that are there now, kept nowhere. JSON of at most 7,000 bytes. */
  ask(question: object): void;
  onAsk(listener: (question: unknown) => void): void;
  /** Deletes rows that everybody has read; for one process of all. */
  trim(): Promise<void>;
};

/**
 * Events of all processes on one PostgreSQL: rows of a table, told by NOTIFY. Rows are written inside transactions only, which run one after the
 * other, so ids become visible in their order and every process hands the same event on under the same id.
 */
export function createSharedHub(deps: { db: Db; url: string; clock: Clock; log: Log }): SharedHub {
  const { db, clock, log } = deps;
  const origin = newId('p', clock.now());
  const ring = createRing({ kept: KEPT, onError: (error) => log.error({ err: error }, 'a listener of the events failed') });
  const askers = new Set<(question: unknown) => void>();
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;
  let reading: Promise<void> | null = null;
  let readAgain = false;
  let lastRow = 0;
  let away = false;
  let stopped = false;
  let listener: { close(): Promise<void> } | null = null;
  let look: NodeJS.Timeout | null = null;

  async function write(tx: Tx, batch: readonly Waiting[]): Promise<void> {
    for (let from = 0; from < batch.length; from += MOST_OF_A_ROW) {
      const body = JSON.stringify(batch.slice(from, from + MOST_OF_A_ROW).map(({ event, about }) => [event, about]));
      await tx.insertInto('events').values({ origin, at: clock.now(), body }).execute();
    }
    await sql`SELECT pg_notify(${CHANNEL}, '')`.execute(tx);
  }

  function flushSoon(ms: number): void {
    timer ??= setTimeout(() => {
      timer = null;
      flush();
    }, ms);
  }

  function flush(): void {
    if (writing !== null || waiting.length === 0) return;
    const batch = waiting;
    waiting = [];
    writing = db
      .transaction()
      .execute((tx) => write(tx, batch))
      .then(
        () => {
          void read();
          return 0;
        },
        (error: unknown) => {
          // whether the last one was stored is not known: to be told twice does no harm
          waiting = [...batch, ...waiting].slice(-MOST_WAITING);
          report(error);
          return RETRY_MS;
        },
      )
      .then((ms) => {
        writing = null;
        if (waiting.length > 0 && !stopped) flushSoon(ms);
      });
  }

  function read(): Promise<void> {
    readAgain = true;
    reading ??= readAll()
      .catch(report)
      .finally(() => {
        reading = null;
      });
    return reading;
  }

  async function readAll(): Promise<void> {
    while (readAgain && !stopped) {
      readAgain = false;
      const rows = await db.selectFrom('events').selectAll().where('id', '>', lastRow).orderBy('id').limit(READ_AT_ONCE).execute();
      if (away) log.info('the events of the other processes are read again');
      // more was missed than is kept: who resumes reloads
      if (away && rows[0] && rows[0].id > lastRow + 1) ring.startFrom(rows[0].id * ROW_SPAN - 1);
      away = false;
      for (const row of rows) deliver(row);
      if (rows.length === READ_AT_ONCE) readAgain = true;
    }
  }

  function deliver(row: { id: number; origin: string; body: string }): void {
    lastRow = row.id;
    const own = row.origin === origin;
    parseBody(row.body).forEach(({ event, about }, i) => {
      ring.tell(row.id * ROW_SPAN + i, event, { ...about, own });
    });
  }

  /** Whoever may connect to the database can say anything here. */
  function hear(payload: string): void {
    try {
      const question: unknown = JSON.parse(payload);
      for (const asked of askers) asked(question);
    } catch (error) {
      log.warn({ err: error }, 'a word to all processes was not understood');
    }
  }

  function report(error: unknown): void {
    if (!away && !stopped) log.warn({ err: error }, 'the events of the other processes cannot be reached; trying on');
    away = true;
  }

  return {
    ...ring,
    publish(event, about = {}) {
      waiting.push({ event, about });
      if (event.type === 'fleet.sample') return flushSoon(BATCH_MS);
      if (timer) clearTimeout(timer);
      timer = null;
      flushSoon(0);
    },
    async within(tx, events) {
      if (events.length > 0)
        await write(
          tx,
          events.map((event) => ({ event, about: {} })),
        );
      return () => void read();
    },
    async reach(since) {
      if (since > ring.lastId()) await read();
    },
    async start() {
      const rows = await db.selectFrom('events').selectAll().orderBy('id', 'desc').limit(READ_AT_ONCE).execute();
      rows.reverse();
      lastRow = (rows[0]?.id ?? 1) - 1;
      ring.startFrom(lastRow * ROW_SPAN + ROW_SPAN - 1);
      for (const row of rows) deliver(row);
      listener = openListener({
        url: deps.url,
        channels: [CHANNEL, ASK_CHANNEL],
        onNotify(channel, payload) {
          if (channel === CHANNEL) void read();
          else hear(payload);
        },
        onConnect: () => void read(),
        onError: report,
      });
      look = setInterval(() => void read(), LOOK_EVERY_MS).unref();
    },
    async stop() {
      if (timer) clearTimeout(timer);
      timer = null;
      flush();
      await writing;
      stopped = true;
      if (look) clearInterval(look);
      await listener?.close();
      await reading;
    },
    ask(question) {
      sql`SELECT pg_notify(${ASK_CHANNEL}, ${JSON.stringify(question)})`.execute(db).catch(report);
    },
    onAsk: (asked) => void askers.add(asked),
    async trim() {
      const newest = db.selectFrom('events').select((eb) => eb.fn.max('id').as('id'));
      // the newest stays: ids never start anew
      await db
        .deleteFrom('events')
        .where('at', '<', clock.now() - KEPT_ROWS_MS)
        .where('id', '<', newest)
        .execute();
    },
  };
}

const parseBody = (body: string): Waiting[] => asPairs(JSON.parse(body)).map(([event, about]) => ({ event, about }));

/** What `write` wrote. A kind of event that only a newer version knows is nothing to those who listen here. */
const asPairs = (value: unknown): [LiveEvent, About][] => value as [LiveEvent, About][];
