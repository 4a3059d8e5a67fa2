import { isHeadroomError } from '#server/kernel/errors.ts';
import type { Actor } from '#shared/access.ts';
import type { DrillFamily } from '#shared/drill-families.ts';
import type { FleetNode } from '#shared/nodes.ts';
import { type DrillsDeps, UNDER_WAY } from './deps.ts';
import { type DrillRow, inPlayOf, secretOf } from './secret.ts';
import { scoreRow } from './view.ts';

const EVERY_MS = 2000;
/** Of asking one node; a slow one must not keep the loop. */
const ASK_MS = 15_000;
/** A node that cannot be reached puts itself right at the end of the drill's time; by then the drill is over for the console too. */
const GRACE_MS = 30_000;

/** Sized so that each can be called within minutes on a node with some connections a second. */
const SCALE: Record<DrillFamily, number | null> = {
  'pool-leak': null,
  'eof-leak': null,
  'slow-leak': 20,
  'fd-spike': 300,
  'scrape-blind': 20,
};

const CONSOLE: Actor = { kind: 'system', id: 'system', name: 'the console', role: 'admin' };

/**
 * starting → running → ending → ended, or → failed. Each turn reads the row, does one thing and writes it, so that a console that dies anywhere goes
 * on with the next one. The node ends the drill by itself at `endsAt` whether or not there is a console.
 */
export function createDrillLoop(deps: DrillsDeps): { start(): void; stop(): Promise<void>; kick(): Promise<void> } {
  const { db, ops, nodes, events, clock, log } = deps;
  const random = deps.random ?? Math.random;
  let timer: NodeJS.Timeout | null = null;
  let turning: Promise<void> | null = null;
  let again = false;
  let stopFollowing = () => {};

  const write = async (row: DrillRow, set: Partial<DrillRow>, from = row.status): Promise<boolean> => {
    const { numUpdatedRows } = await db
      .updateTable('drills')
      .set(set)
      .where('id', '=', row.id)
      .where('status', '=', from)
      .executeTakeFirst();
    if (numUpdatedRows > 0) events.publish({ type: 'drill.changed', drillId: row.id });
    return numUpdatedRows > 0;
  };

  /** Asks one node that was not asked yet. Written down first, so that one which took it is known whatever happens then. */
  async function order(row: DrillRow): Promise<void> {
    const secret = secretOf(row);
    let nodeId = secret.nodeId;
    if (nodeId === null) {
      const left = inPlayOf(row).filter((node) => !secret.tried.includes(node.nodeId));
      const drawn = left[Math.floor(random() * left.length)];
      if (!drawn) return void (await write(row, { status: 'failed', ended: 'failed', endedAt: clock.now() }));
      nodeId = drawn.nodeId;
      Object.assign(secret, { nodeId, nodeName: drawn.name });
      if (!(await write(row, { secret: JSON.stringify(secret) }))) return;
    }
    try {
      const node = await nodes.get(nodeId);
      const asked = {
        operation: 'start',
        id: row.id,
        family: secret.family,
        seconds: row.minutes * 60,
        scale: SCALE[secret.family],
      } as const;
      const { value } = await ops.drill(node, { ...asked, timeoutMs: ASK_MS });
      const now = clock.now();
      await write(row, { status: 'running', startedAt: now, endsAt: value.until ?? now + row.minutes * 60_000 });
    } catch (error) {
      if (!isHeadroomError(error)) throw error;
      // it may have taken it and could not say so; by itself it would end it in time
      await nodes
        .get(nodeId)
        .then((node) => ops.drill(node, { operation: 'stop', id: row.id, timeoutMs: ASK_MS }))
        .catch(() => {});
      const next = { ...secret, nodeId: null, nodeName: null, tried: [...secret.tried, nodeId] };
      log.warn({ drill: row.id, err: error }, 'a node did not take the drill');
      await write(row, { secret: JSON.stringify(next), why: error.message });
    }
  }

  async function watch(row: DrillRow): Promise<void> {
    const now = clock.now();
    if (row.endsAt !== null && now >= row.endsAt) return void (await write(row, { status: 'ending', ended: 'time-over' }));
    if (row.acknowledgedAt === null) await acknowledgedElsewhere(row);
    if (row.detectedAt !== null) return;
    const node = (await deps.fleet()).find(({ id }) => id === secretOf(row).nodeId);
    if (node && isAlarming(node)) await write(row, { detectedAt: now });
  }

  /** Who acknowledges the incident that the console opened for its node has seen it. */
  async function acknowledgedElsewhere(row: DrillRow): Promise<void> {
    const found = await db
      .selectFrom('incidents as i')
      .innerJoin('incidentNodes as n', 'n.incidentId', 'i.id')
      .select(['i.acknowledgedAt', 'i.acknowledgedBy'])
      .where('n.nodeId', '=', secretOf(row).nodeId ?? '')
      .where('i.openedAt', '>=', row.startedAt ?? 0)
      .where('i.acknowledgedAt', 'is not', null)
      .orderBy('i.acknowledgedAt')
      .executeTakeFirst();
    if (found?.acknowledgedAt != null)
      await write(row, { acknowledgedAt: found.acknowledgedAt, acknowledgedBy: found.acknowledgedBy ?? 'somebody' });
  }

  async function end(row: DrillRow): Promise<void> {
    const { nodeId, family, nodeName } = secretOf(row);
    const now = clock.now();
    if (nodeId !== null) {
      try {
        await ops.drill(await nodes.get(nodeId), { operation: 'stop', id: row.id, timeoutMs: ASK_MS });
      } catch (error) {
        if (!isHeadroomError(error)) throw error;
        const itself = (row.endsAt ?? row.createdAt + row.minutes * 60_000) + GRACE_MS;
        if (error.code !== 'node.not-found' && now < itself) return;
      }
    }
    const over = { ...row, status: 'ended', endedAt: now };
    const score = await scoreRow(db, over);
    if (await write(row, { status: 'ended', endedAt: now, score: score === null ? null : JSON.stringify(score) }))
      await deps.audit.record({
        ...{ actor: CONSOLE, action: 'drill.end', object: `drill:${row.id}`, result: 'ok', at: now },
        after: { family, nodeId, node: nodeName, ended: row.ended, score: score?.total ?? null },
      });
  }

  async function turn(): Promise<void> {
    if (deps.leads?.() === false) return;
    const rows = await db.selectFrom('drills').selectAll().where('status', 'in', UNDER_WAY).execute();
    for (const row of rows) {
      if (row.status === 'starting') await order(row);
      else if (row.status === 'running') await watch(row);
      else await end(row);
    }
  }

  async function kick(): Promise<void> {
    if (turning) {
      again = true;
      return turning;
    }
    turning = (async () => {
      do {
        again = false;
        await turn();
      } while (again);
    })()
      .catch((error) => log.error({ err: error }, 'a drill could not go on'))
      .finally(() => {
        turning = null;
      });
    return turning;
  }

  /** A rule that fires on its node is a sign too; the verdict is asked for in each turn. */
  async function heard(nodeId: string): Promise<void> {
    const rows = await db.selectFrom('drills').selectAll().where('status', '=', 'running').where('detectedAt', 'is', null).execute();
    for (const row of rows) if (secretOf(row).nodeId === nodeId) await write(row, { detectedAt: clock.now() });
  }

  return {
    kick,
    start() {
      timer = setInterval(() => void kick(), EVERY_MS).unref();
      stopFollowing = events.subscribe((_id, event) => {
        if (event.type === 'signal.changed' && event.firing) void heard(event.nodeId).catch(() => {});
      });
      void kick();
    },
    async stop() {
      if (timer) clearInterval(timer);
      stopFollowing();
      await turning;
    },
  };
}

const isAlarming = (node: FleetNode): boolean =>
  node.leak.verdict === 'leaking' ||
  node.state === 'scrape-blind' ||
  node.state === 'down' ||
  (node.headroom !== null && node.fdLimit !== null && node.headroom < node.fdLimit * 0.2);
