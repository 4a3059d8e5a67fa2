import type { Db } from '#server/db/index.ts';
import type { SharedHub } from '#server/events/index.ts';
import type { MetricStore } from '#server/metrics/index.ts';
import type { Workers } from '#server/workers/index.ts';
import { createScraper, type NodeHealth, type Scraper, type ScraperDeps, UNKNOWN } from './scraper.ts';

type Deps = Omit<ScraperDeps, 'events'> & {
  db: Db;
  events: Pick<SharedHub, 'publish' | 'subscribe' | 'ask' | 'onAsk'>;
  workers: Workers;
  metrics: ScraperDeps['metrics'] & Pick<MetricStore, 'mirror' | 'release'>;
};
type Words = Omit<NodeHealth, 'lastSample'>;
type Ask = { ask: 'focus' | 'nudge'; nodeId: string; untilMs: number };

/** A word that was lost is found by then. */
const READ_AGAIN_MS = 10_000;

/**
 * The scraper where several processes share the nodes: reads those that are this worker's, and knows of the others what their workers tell:
 * samples and words travel with the events, and the last words of each node are a row for who starts later.
 */
export function createSharedScraper(deps: Deps): Scraper {
  const { db, workers, events, metrics, clock, log } = deps;
  const told = new Map<string, { workerId: string; words: Words }>();
  const listeners = new Set<() => void>();
  let mine: ReadonlySet<string> = new Set();
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<unknown> = Promise.resolve();

  const own = createScraper({
    ...deps,
    nodes: {
      list: async () => (await deps.nodes.list()).filter((node) => workers.owns(node.id)),
      onChange(listener) {
        const leave = deps.nodes.onChange(listener);
        listeners.add(listener);
        return () => {
          leave();
          listeners.delete(listener);
        };
      },
    },
    events: {
      publish(event, about) {
        const words = about?.facts && asWords(about.facts);
        if (event.type !== 'node.changed' || !words) return events.publish(event, about);
        told.set(event.nodeId, { workerId: workers.id, words });
        writing = writing
          .then(() => keep(event.nodeId, words))
          .catch((error) => log.warn({ err: error }, 'what is known of a node was not kept'));
        events.publish(event, { facts: { workerId: workers.id, words } });
      },
    },
  });

  async function keep(nodeId: string, words: Words): Promise<void> {
    const row = { workerId: workers.id, at: clock.now(), health: JSON.stringify(words) };
    await db
      .insertInto('nodeHealth')
      .columns(['nodeId', 'workerId', 'at', 'health'])
      // a node that was removed meanwhile has no row to belong to
      .expression((eb) =>
        eb
          .selectFrom('nodes')
          .select((n) => [
            n.ref('id').as('nodeId'),
            n.val(row.workerId).as('workerId'),
            n.val(row.at).as('at'),
            n.val(row.health).as('health'),
          ])
          .where('id', '=', nodeId),
      )
      .onConflict((conflict) => conflict.column('nodeId').doUpdateSet(row))
      .execute();
  }

  async function readTold(): Promise<void> {
    const there = new Set((await deps.nodes.list()).map((node) => node.id));
    for (const nodeId of told.keys()) if (!there.has(nodeId)) told.delete(nodeId);
    for (const row of await db.selectFrom('nodeHealth').selectAll().execute())
      if (!workers.owns(row.nodeId)) told.set(row.nodeId, { workerId: row.workerId, words: asWords(JSON.parse(row.health)) });
  }

  function health(nodeId: string): NodeHealth {
    const here = workers.owns(nodeId) ? own.health(nodeId) : null;
    if (here !== null && here.state !== 'unknown') return here;
    const known = told.get(nodeId);
    if (!known) return here ?? { ...UNKNOWN, lastSample: metrics.last(nodeId) };
    const lastSample = metrics.last(nodeId);
    if (workers.counts(known.workerId)) return { ...known.words, lastSample };
    return {
      ...known.words,
      lastSample,
      state: 'unknown',
      reason: 'No worker reads it: the one that did has gone, and no other is there.',
    };
  }

  const stopFollowing = events.subscribe((_id, event, about) => {
    if (about.own) return;
    if (event.type === 'fleet.sample' && about.sample) metrics.mirror(event.nodeId, about.sample);
    if (event.type === 'node.changed' && about.facts) told.set(event.nodeId, asTold(about.facts));
  });
  workers.onChange(() => {
    for (const nodeId of mine) if (!workers.owns(nodeId)) metrics.release(nodeId);
    mine = workers.nodes();
    for (const listener of [...listeners]) listener();
  });
  events.onAsk((question) => {
    const { ask, nodeId, untilMs } = asAsk(question);
    if (!workers.owns(nodeId)) return;
    if (ask === 'focus') own.focus(nodeId, untilMs);
    else own.nudge(nodeId);
  });

  return {
    start() {
      const again = () => readTold().catch((error) => log.warn({ err: error }, 'what other workers know of the nodes could not be read'));
      void again();
      timer = setInterval(again, READ_AGAIN_MS).unref();
      own.start();
    },
    async stop() {
      stopFollowing();
      if (timer) clearInterval(timer);
      await own.stop();
      await writing;
    },
    health,
    recent: metrics.recent,
    focus(nodeId, untilMs) {
      if (workers.owns(nodeId)) own.focus(nodeId, untilMs);
      else events.ask({ ask: 'focus', nodeId, untilMs } satisfies Ask);
    },
    nudge(nodeId) {
      if (workers.owns(nodeId)) own.nudge(nodeId);
      else events.ask({ ask: 'nudge', nodeId, untilMs: 0 } satisfies Ask);
    },
  };
}

// What this very file wrote, of whatever version: a field that is missing is as unknown as an old one.
const asWords = (value: unknown): Words => ({ ...UNKNOWN, ...(value as Words) });
const asTold = (value: unknown): { workerId: string; words: Words } => value as { workerId: string; words: Words };
const asAsk = (value: unknown): Ask => value as Ask;
