import os from 'node:os';
import { type Db, sharedNow, type Tx } from '#server/db/index.ts';
import type { Clock } from '#server/kernel/clock.ts';
import { newId } from '#server/kernel/ids.ts';
import type { Log } from '#server/kernel/log.ts';
import { shareOf } from './share.ts';

/** A worker that says nothing for this long is dead to the others, and stops reading nodes by itself. */
const ALIVE_MS = 8000;
const BEAT_MS = 2000;
/** What a dead worker said last counts until another one has taken its nodes over and asked them. */
const TAKEN_OVER_WITHIN_MS = 20_000;
const FORGET_MS = 3_600_000;

/** The processes that read nodes and run runs, and which of them reads which node. */
export type Workers = {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** whether this process reads that node */
  owns(nodeId: string): boolean;
  /** those nodes; empty where there is one process only */
  nodes(): ReadonlySet<string>;
  /** whether this process does what is to be done once for all: rules, notifications, tidying up */
  leads(): boolean;
  /** whether what that worker said of its nodes still counts */
  counts(workerId: string): boolean;
  /** how many there are */
  alive(): number;
  /** which nodes are this process's has changed */
  onChange(listener: () => void): void;
  readonly id: string;
};

/** The only process that there is. */
export const soleWorker = (): Workers => ({
  id: 'sole',
  start: async () => undefined,
  stop: async () => undefined,
  owns: () => true,
  nodes: () => new Set(),
  leads: () => true,
  counts: () => true,
  alive: () => 1,
  onChange: () => undefined,
});

type Known = { id: string; aliveUntil: number };

/**
 * Every worker says that it is there, by the database's clock, and takes the nodes that are its share and nobody's. A node changes hands only by its
 * owner's word or death, so two never read it at once. `works` false: this process only looks.
 */
export function createWorkers(deps: { db: Db; clock: Clock; log: Log; works: boolean }): Workers {
  const { db, clock, log, works } = deps;
  const id = newId('w', clock.now());
  const name = `${os.hostname()}:${process.pid}`;
  const listeners = new Set<() => void>();
  const stopped = new AbortController();
  let owned = new Set<string>();
  let giving = new Set<string>();
  let known: Known[] = [];
  let leading = false;
  /** of this process's own steady clock */
  let aliveUntil = 0;
  /** what the database's clock is ahead of `performance.now()` */
  let ahead = 0;
  let beating: Promise<void> = Promise.resolve();
  let expiry: NodeJS.Timeout | undefined;
  let failing = false;

  async function beat(): Promise<void> {
    const startedAt = performance.now();
    const seen = works ? await db.transaction().execute((tx) => claim(tx)) : await look(db);
    if (failing) log.info('the workers are seen again');
    failing = false;
    aliveUntil = startedAt + ALIVE_MS;
    // the next word may hang for longer than the others wait for it
    clearTimeout(expiry);
    expiry = setTimeout(letGo, Math.max(0, aliveUntil - performance.now()) + 1).unref();
    ahead = seen.now - performance.now();
    known = seen.known;
    leading = works && known.find((worker) => worker.aliveUntil > seen.now)?.id === id;
    // as it is now: it may have been let go meanwhile
    const before = owned;
    ({ owned, giving } = seen);
    if (owned.size !== before.size || [...owned].some((nodeId) => !before.has(nodeId))) changed();
  }

  async function claim(tx: Tx) {
    const row = { seenAt: sharedNow(tx, clock.now()), aliveUntil: sharedNow(tx, clock.now(), ALIVE_MS) };
    await tx
      .insertInto('workers')
      .values({ id, name, startedAt: row.seenAt, ...row })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
    const seen = await look(tx);
    await tx
      .deleteFrom('workers')
      .where('aliveUntil', '<', seen.now - FORGET_MS)
      .execute();
    const alive = seen.known.filter((worker) => worker.aliveUntil > seen.now).map((worker) => worker.id);
    const nodes = await tx
      .selectFrom('nodes')
      .leftJoin('scrapeOwners', 'scrapeOwners.nodeId', 'nodes.id')
      .select(['nodes.id', 'scrapeOwners.workerId'])
      .execute();
    const [mine, take, give, going] = [new Set<string>(), [] as string[], [] as string[], new Set<string>()];
    for (const node of nodes) {
      const wanted = shareOf(node.id, alive) === id;
      const free = node.workerId === null || !alive.includes(node.workerId);
      if (node.workerId === id) {
        if (wanted) mine.add(node.id);
        // let go in this beat, given away in the next
        else if (giving.has(node.id)) give.push(node.id);
        else going.add(node.id);
      } else if (wanted && free) {
        mine.add(node.id);
        take.push(node.id);
      }
    }
    if (take.length > 0)
      await tx
        .insertInto('scrapeOwners')
        .values(take.map((nodeId) => ({ nodeId, workerId: id })))
        .onConflict((conflict) => conflict.column('nodeId').doUpdateSet({ workerId: id }))
        .execute();
    if (give.length > 0) await tx.deleteFrom('scrapeOwners').where('workerId', '=', id).where('nodeId', 'in', give).execute();
    return { ...seen, owned: mine, giving: going };
  }

  async function look(on: Db | Tx) {
    const rows = await on
      .selectFrom('workers')
      .select(['id', 'aliveUntil', sharedNow(on, clock.now()).as('now')])
      .orderBy('startedAt')
      .orderBy('id')
      .execute();
    return { now: rows[0]?.now ?? clock.now(), known: rows as Known[], owned: new Set<string>(), giving: new Set<string>() };
  }

  /** The others take over by now: what is theirs is not read here any more. */
  function letGo(): void {
    if (isAlive() || owned.size === 0) return;
    owned = new Set();
    leading = false;
    changed();
  }

  const isAlive = (): boolean => performance.now() < aliveUntil;

  function changed(): void {
    for (const listener of [...listeners]) listener();
  }

  async function beats(): Promise<void> {
    while (!stopped.signal.aborted) {
      await clock.sleep(BEAT_MS, stopped.signal).catch(() => undefined);
      if (stopped.signal.aborted) return;
      await beat().catch((error) => {
        if (!failing) log.warn({ err: error }, 'this process could not say that it is there; trying on');
        failing = true;
        letGo();
      });
    }
  }

  return {
    id,
    async start() {
      await beat();
      beating = beats();
    },
    /** Gives everything back, so that the others go on at their next beat. */
    async stop() {
      stopped.abort();
      await beating;
      clearTimeout(expiry);
      if (!works) return;
      await db.deleteFrom('scrapeOwners').where('workerId', '=', id).execute();
      await db.deleteFrom('workers').where('id', '=', id).execute();
    },
    owns: (nodeId) => isAlive() && owned.has(nodeId),
    nodes: () => owned,
    leads: () => leading && isAlive(),
    counts: (workerId) => {
      const worker = known.find((one) => one.id === workerId);
      return worker !== undefined && worker.aliveUntil + TAKEN_OVER_WITHIN_MS > performance.now() + ahead;
    },
    alive: () => known.filter((worker) => worker.aliveUntil > performance.now() + ahead).length,
    onChange: (listener) => void listeners.add(listener),
  };
}
